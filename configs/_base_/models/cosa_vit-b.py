# The paper's recipe. Both networks: ViT-B/16, LargeFOV head, two CAM
# classifiers.
# Another backbone is an entry in `network.backbone`; what it gives is found,
# the heads state no widths. See docs/mixing.md.
# Sources in comments: paper, released code ("released"), ours. `cosa
# show-config` prints them.
network = dict(
    type='CAMEncoderDecoder',
    # of all heads: VOC's 20 and the background (paper); COCO: 81
    num_classes=21,
    backbone=dict(
        type='mmpretrain.VisionTransformer',
        arch='base',
        img_size=224,  # timm's weights
        patch_size=16,  # timm's weights
        # block 9 (counted from 0; "-3", the 10th of 12): auxiliary feature;
        # block 11, layer-normed: main feature (released)
        out_indices=[9, 11],
        out_type='featmap',
        interpolate_mode='bicubic',
        # ImageNet weights of timm's vit_base_patch16_224 (released), made by
        # `cosa convert`
        init_cfg=dict(
            type='Pretrained', checkpoint='pretrained/vit_base_patch16_224.pth'
        ),
    ),
    # LargeFOV: 3x3 dilation 5, ReLU, twice, then 1x1, no norm (released)
    decode_head=dict(
        type='FCNHead',
        channels=512,
        num_convs=2,
        dilation=5,
        concat_input=False,
        norm_cfg=None,
        dropout_ratio=0,
    ),
    # released
    cam_head=dict(type='CAMHead', in_index=-1, pooling='max'),
    # released
    cam_head_aux=dict(type='CAMHead', in_index=-2, pooling='max'),
    # The position embedding is frozen and LargeFOV has no bias (released).
    frozen=[r'backbone\.pos_embed', r'decode_head\..*bias'],
)

model = dict(
    type='CoSA',
    data_preprocessor=dict(  # released: ImageNet's
        type='TwoViewDataPreprocessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True,
    ),
    network=network,
    assigner=dict(
        type='Assigner',
        multi_scale=dict(
            type='MultiScaleInference',
            scales=[1.0, 0.5, 1.5],  # released
            mirror=True,
            aux_scales='sum',  # ours: as the main CAM
        ),
        cam_labeler=dict(
            type='ThresholdLabeler',
            # DT: between the two modes of the last 100 images' confidences;
            # the auxiliary CAM has one of its own
            threshold=dict(
                type='DynamicThreshold',
                initial=0.5,  # ours
                num_images=100,  # paper
                grid=(28, 28),  # released: 1/16 of 448
                min_value=0.05,  # released
                decay=0.99,  # released
            ),
        ),
        # RAW
        reliability=dict(
            type='PerplexityWeight',
            lambda_a=0.8,  # paper
            lambda_b=1.0,  # paper
        ),
        seg_labeler=dict(type='RestrictedSoftmax', temperature=0.01),  # paper
    ),
    loss_c2s=dict(
        type='C2SLoss',
        fg_share=0.5,  # released
        aux_share=0.5,  # paper
        over_ranks=True,  # ours: two processes equal one with both batches
        loss_weight=0.1,  # released
    ),
    # released
    loss_s2c=dict(type='S2CLoss', activation='relu', loss_weight=0.05),
    loss_energy=dict(  # released
        type='DenseEnergyLoss',
        sigma_rgb=15.0,
        sigma_xy=100.0,
        scale_factor=0.5,
        energy_weight=1e-7,
        loss_weight=0.05,
    ),
    # CSC (paper)
    loss_csc=dict(
        type='ContrastiveSeparationLoss',
        temperature=0.5,
        max_perplexity=1.0,
        loss_weight=0.1,
    ),
    train_cfg=dict(warmup_iters=6000),  # paper, VOC
    test_cfg=dict(network='assignment', with_cam=True),
)
# `cosa test --tta`: views that are summed (released)
tta_cfg = dict(scales=[1.0, 0.5, 1.5, 0.75, 1.25], mirror=True)
