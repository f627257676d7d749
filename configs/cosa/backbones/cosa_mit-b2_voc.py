# MiT-B2 (SegFormer).
# Source: the weights, and what they were trained with
_base_ = ['../cosa_vit-b_voc.py', '../../_base_/backbones/mit-b2.py']
model = dict(
    network=dict(
        backbone=dict(_base_.backbone, _delete_=True),
        frozen=[r'decode_head\..*bias'],  # no position embedding
    )
)
