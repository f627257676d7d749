"""One name for each weight of a ViT, whichever project it is from: timm's."""

import re
from collections.abc import Iterable

# of a network with heads, and mmpretrain's TIMMBackbone in any form
_BACKBONE = r'^(backbone\.)?(timm_model\.(model\.)?)?'
# The beginning of a name in mmpretrain, mmseg, DINOv2 or DeiT III -> timm's
_TOP = {
    'layers': 'blocks',
    # DINOv2 in chunks of blocks, which are counted through
    r'blocks\.\d+(?=\.\d+\.(?:norm|attn|mlp|ls|gamma))': 'blocks',
    r'patch_embed\.projection': 'patch_embed.proj',
    'register_tokens': 'reg_token',
    'pre_norm|ln_pre': 'norm_pre',
    'ln1': 'norm',
    'ln2': 'fc_norm',
}
_IN_A_BLOCK = {
    'ln1': 'norm1',
    'ln2': 'norm2',
    r'attn\.attn\.in_proj_weight': 'attn.qkv.weight',
    r'attn\.attn\.in_proj_bias': 'attn.qkv.bias',
    r'attn\.attn\.out_proj': 'attn.proj',
    # w12 and w3: the gated MLP of DINOv2's largest network
    r'ffn\.layers\.0\.0|(?:ffn|mlp)\.w12': 'mlp.fc1',
    r'ffn\.layers\.1|(?:ffn|mlp)\.w3': 'mlp.fc2',
    r'attn\.gamma1\.weight|gamma_1': 'ls1.gamma',
    r'ffn\.gamma2\.weight|gamma_2': 'ls2.gamma',
}


def timm_names(names: Iterable[str]) -> dict[str, str]:
    """Translate the names of a network's weights to timm's.

    What no rule knows keeps its name. Where two weights would get the same
    one, which happens in networks that are no ViTs, all keep theirs.

    Args:
        names: Of mmpretrain, mmseg, timm, DINOv2 or DeiT III.

    Returns:
        dict[str, str]: timm's names by the given ones.
    """
    plain = {name: re.sub(_BACKBONE, '', name) for name in names}
    renamed = {name: _rename(there) for name, there in plain.items()}
    is_unique = len({*renamed.values()}) == len(renamed)
    return renamed if is_unique else plain


def _rename(name: str) -> str:
    for place, rules in (('', _TOP), (r'blocks\.\d+\.', _IN_A_BLOCK)):
        for old, new in rules.items():
            name = re.sub(rf'^({place})(?:{old})\b', rf'\g<1>{new}', name)
    return name
