# Swin-B, ImageNet-21k; auxiliary feature: the third stage. Weights of mmseg's
# swin-base-patch4-window7-in22k-pre_upernet.
# Source: the weights, and what they were trained with
backbone = dict(
    type='SwinTransformer',
    embed_dims=128,
    depths=(2, 2, 18, 2),
    num_heads=(4, 8, 16, 32),
    window_size=7,
    strides=(4, 2, 2, 1),  # ours: 16, not 32, in the end
    out_indices=(0, 1, 2, 3),
    drop_path_rate=0.3,
    init_cfg=dict(
        type='Pretrained',
        checkpoint='https://mmassets.onedl.ai/mmsegmentation/v0.5/pretrain/swin/swin_base_patch4_window7_224_22k_20220317-4f79f7c0.pth',  # noqa: E501
    ),
)
