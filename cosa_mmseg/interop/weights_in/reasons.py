"""Why names of weights and network may differ, and what to do about it.

Names are timm's.
"""

import re

# what pretraining leaves in a checkpoint and no backbone needs
_LEFT_OUT = {
    r'(head|head_dist|fc|classifier|pre_logits)\..+': 'ImageNet classifier',
    r'fc_norm\..+': 'norm of the pooled feature, for the classifier',
    r'mask_token': 'for pretraining with masked images',
    r'decoder_.+': 'decoder of pretraining with masked images',
    r'norm\..+': "the config's backbone has no final norm",
    r'cls_token': "the config's backbone has no class token",
}
_REGISTERS = (
    "mmpretrain's and mmseg's ViTs have no register tokens; take timm's: "
    "backbone=dict(type='mmpretrain.TIMMBackbone', "
    "model_name='vit_base_patch14_reg4_dinov2', features_only=True, ...)"
)
_SCALES = r'.+\.ls[12]\.gamma'
_PATCH_BIAS = 'in its patch embedding'
# first that fits
_UNEXPECTED = {
    'reg_token': _REGISTERS,
    'dist_token': "take type='mmpretrain.DistilledVisionTransformer'",
    _SCALES: 'set layer_scale_init_value=1e-5 of mmpretrain.VisionTransformer',
    r'norm_pre\..+': 'set pre_norm=True of the backbone',
    r'patch_embed\..+\.bias': f'the backbone must have a bias {_PATCH_BIAS} '
    '(mmseg: patch_bias=True)',
    r'.+\.qkv\.bias': 'set qkv_bias=True of the backbone',
}
_MISSING = {
    'dist_token': "take type='mmpretrain.VisionTransformer'",
    'cls_token': 'set with_cls_token=False of the backbone',
    _SCALES: 'set layer_scale_init_value=0 of the backbone',
    r'norm\..+': 'set final_norm=False of the backbone',
    r'norm_pre\..+': 'set pre_norm=False of the backbone',
    r'patch_embed\..+\.bias': f'the backbone must have no bias {_PATCH_BIAS}',
    r'.+\.qkv\.bias': 'set qkv_bias=False of the backbone',
}
_ANOTHER = 'the architectures differ: choose weights or backbone accordingly'


def why_left_out(name: str) -> str | None:
    """Say why a backbone can do without these weights, if it can."""
    return _look_up(_LEFT_OUT, [name])


def what_to_do(unexpected: list[str], missing: list[str]) -> str:
    """Say how the config fits weights that have other names than its backbone.

    Args:
        unexpected: Names that only the weights have.
        missing: Names that only the backbone has.
    """
    return (
        _look_up(_UNEXPECTED, unexpected)
        or _look_up(_MISSING, missing)
        or _ANOTHER
    )


def _look_up(table: dict[str, str], names: list[str]) -> str | None:
    """Return the first entry whose pattern is one of the names."""
    for pattern, text in table.items():
        if any(re.fullmatch(pattern, name) for name in names):
            return text
    return None
