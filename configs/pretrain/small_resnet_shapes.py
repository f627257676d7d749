# The backbone of the shapes set, pretrained on scenes with objects of twelve
# other classes, from image-level labels: the warm-up of CoSA, alone.
#   cosa prepare shapes --vocabulary pretrain \
#       --root data/shapes_pretrain --num-train 4000
#   cosa train small_resnet_shapes
# Source: ours
_base_ = '../cosa/cosa_shapes.py'
data_root = 'data/shapes_pretrain'
# mmengine keeps visualizers by name: a training that follows in the same
# process, as in the demo, would write to this one's folder
visualizer = dict(name='pretraining')
metainfo = dict(
    _delete_=True,
    classes=(
        'background',
        'star',
        'fish',
        'banner',
        'arrow',
        'wheel',
        'cross',
        'heart',
        'bottle',
        'tree',
        'drop',
        'gem',
        'lamp',
    ),
)
head = dict(pooling='avg')
max_iters = 2000
model = dict(
    network=dict(
        num_classes=13,
        backbone=dict(init_cfg=None),
        cam_head=head,
        cam_head_aux=head,
    ),
    train_cfg=dict(warmup_iters=max_iters),
)
optim_wrapper = dict(optimizer=dict(lr=2e-3))
train_dataloader = dict(dataset=dict(data_root=data_root, metainfo=metainfo))
train_cfg = dict(max_iters=max_iters)
default_hooks = dict(checkpoint=dict(interval=max_iters))
work_dir = 'pretrained/small_resnet_shapes'
# Nothing is chosen by a score here.
val_dataloader = None
val_cfg = None
val_evaluator = None
test_dataloader = None
test_cfg = None
test_evaluator = None
