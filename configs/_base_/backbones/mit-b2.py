# MiT-B2 (SegFormer); auxiliary feature: the third stage. Weights of mmseg's
# segformer_mit-b2.
# Source: the weights, and what they were trained with
backbone = dict(
    type='MixVisionTransformer',
    embed_dims=64,
    num_layers=[3, 4, 6, 3],
    num_heads=[1, 2, 5, 8],
    patch_sizes=[7, 3, 3, 3],
    sr_ratios=[8, 4, 2, 1],
    strides=[4, 2, 2, 1],  # ours, as in AFA: 16, not 32, in the end
    out_indices=(0, 1, 2, 3),
    mlp_ratio=4,
    qkv_bias=True,
    drop_path_rate=0.1,
    init_cfg=dict(
        type='Pretrained',
        checkpoint='https://mmassets.onedl.ai/mmsegmentation/v0.5/pretrain/segformer/mit_b2_20220624-66e8bf70.pth',  # noqa: E501
    ),
)
