# MS COCO 2014, the recipe of the authors' public code.
_base_ = [
    '../_base_/models/cosa_vit-b.py',
    '../_base_/datasets/coco_wsss.py',
    '../_base_/schedules/cosa_32k.py',
    '../_base_/default_runtime.py',
]
num_classes = 81
model = dict(
    network=dict(
        decode_head=dict(num_classes=num_classes),
        cam_head=dict(num_classes=num_classes),
        cam_head_aux=dict(num_classes=num_classes),
    ),
    cam_labeler=dict(low=0.25, high=0.65),  # released
    cam_labeler_aux=dict(
        type='DualThresholdLabeler',
        low=0.25,
        high=0.7,  # released
        downscale=2,
    ),
    train_cfg=dict(warmup_iters=10001),  # 10000 and the extra step
)
train_cfg = dict(
    max_iters=60000,  # released
    total_batch_size=8,  # released: 2 GPUs of 4
    val_interval=5000,
)
