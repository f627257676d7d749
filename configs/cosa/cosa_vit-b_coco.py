# MS COCO 2014, ViT-B/16, the paper's recipe.
_base_ = [
    '../_base_/models/cosa_vit-b.py',
    '../_base_/datasets/coco_wsss.py',
    '../_base_/schedules/cosa_32k.py',
    '../_base_/default_runtime.py',
]
model = dict(
    network=dict(num_classes=81),  # paper: 80 and the background
    train_cfg=dict(warmup_iters=10000),  # paper
)
train_cfg = dict(
    max_iters=60000,  # released
    total_batch_size=8,  # released: 2 GPUs of 4
    val_interval=5000,  # ours
)
