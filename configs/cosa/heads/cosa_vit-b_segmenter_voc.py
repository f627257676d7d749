# Segmenter's mask transformer on ViT-B/16, as in mmseg.
# Source: mmseg
_base_ = '../cosa_vit-b_voc.py'
model = dict(
    network=dict(
        decode_head=dict(
            _delete_=True,
            type='SegmenterMaskTransformerHead',
            in_index=-1,
            channels=768,
            embed_dims=768,
            num_layers=2,
            num_heads=12,
            dropout_ratio=0.0,
        ),
        frozen=[r'backbone\.pos_embed'],
    )
)
