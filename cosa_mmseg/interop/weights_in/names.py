"""How projects name the parts of a ViT."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class NamingStyle:
    """Names of a ViT's parameters in one project, beside timm's.

    Attributes:
        title: For messages.
        blocks: Name of the list of blocks.
        block: How timm's names within a block begin -> the own ones.
        top: How timm's other names begin -> the own ones.
        mark: Regular expression of a name that only this style has; the
            network is a ViT of this style if one matches.
    """

    title: str
    mark: str
    blocks: str = 'blocks'
    block: dict[str, str] = field(default_factory=dict)
    top: dict[str, str] = field(default_factory=dict)

    def to_timm(self, name: str) -> str:
        """Name of a parameter in timm; what is not in the tables stays."""
        return _rename(
            name,
            (self.blocks, 'blocks'),
            {own: timm for timm, own in self.block.items()},
            {own: timm for timm, own in self.top.items()},
        )

    def from_timm(self, name: str) -> str:
        """The own name of a parameter; what is not in the tables stays."""
        return _rename(name, ('blocks', self.blocks), self.block, self.top)


def _rename(
    name: str,
    blocks: tuple[str, str],
    block: dict[str, str],
    top: dict[str, str],
) -> str:
    """``name`` with what it begins with exchanged."""
    old, new = blocks
    match = re.fullmatch(rf'{old}\.(\d+)\.(.+)', name)
    if match is None:
        return _exchange(name, top)
    return f'{new}.{match[1]}.{_exchange(match[2], block)}'


def _exchange(name: str, table: dict[str, str]) -> str:
    """``name`` with its beginning exchanged, if it is in the table."""
    for old, new in table.items():
        if name.startswith(old):
            return new + name.removeprefix(old)
    return name


_MM_BLOCK = {
    'norm1.': 'ln1.',
    'norm2.': 'ln2.',
    'mlp.fc1.': 'ffn.layers.0.0.',
    'mlp.fc2.': 'ffn.layers.1.',
    'ls1.gamma': 'attn.gamma1.weight',
    'ls2.gamma': 'ffn.gamma2.weight',
}
_MM_TOP = {
    'patch_embed.proj.': 'patch_embed.projection.',
    'norm_pre.': 'pre_norm.',
    'norm.': 'ln1.',
    'fc_norm.': 'ln2.',
}
TIMM = NamingStyle(
    "a ViT with timm's names", r'blocks\.0\.(attn\.qkv|mlp\.fc1)\.weight'
)
MMPRETRAIN = NamingStyle(
    "a ViT with mmpretrain's names",
    r'layers\.0\.ffn\.layers\.0\.0\.weight',
    'layers',
    _MM_BLOCK,
    _MM_TOP,
)
# the gated MLP of DINOv2's largest network
MMPRETRAIN_SWIGLU = NamingStyle(
    "a ViT with mmpretrain's names and a gated MLP",
    r'layers\.0\.ffn\.w12\.weight',
    'layers',
    {**_MM_BLOCK, 'mlp.fc1.': 'ffn.w12.', 'mlp.fc2.': 'ffn.w3.'},
    _MM_TOP,
)
MMSEG = NamingStyle(
    "a ViT with mmseg's names",
    r'layers\.0\.attn\.attn\.in_proj_weight',
    'layers',
    {
        **_MM_BLOCK,
        'attn.qkv.': 'attn.attn.in_proj_',
        'attn.proj.': 'attn.attn.out_proj.',
    },
    {**_MM_TOP, 'norm_pre.': 'ln_pre.'},
)
OTHER = NamingStyle('a network that is no plain ViT', '')
_STYLES = (MMSEG, MMPRETRAIN_SWIGLU, MMPRETRAIN, TIMM)  # the first that fits


def style_of(names: Iterable[str]) -> NamingStyle:
    """Style of the names of a network's parameters."""
    names = list(names)
    for style in _STYLES:
        if any(re.fullmatch(style.mark, name) for name in names):
            return style
    return OTHER


def timm_name(name: str) -> str:
    """Name in timm of a parameter of DINOv2 or DeiT III as published.

    DINOv2 may be saved in chunks of blocks: ``blocks.<chunk>.<block>.``, with
    the blocks counted through.
    """
    if name == 'register_tokens':
        return 'reg_token'
    name = re.sub(r'^blocks\.\d+\.(\d+\.)', r'blocks.\1', name)
    match = re.fullmatch(r'(blocks\.\d+\.)(.+)', name)
    if match is None:
        return name
    published = {
        'gamma_1': 'ls1.gamma',
        'gamma_2': 'ls2.gamma',
        'mlp.w12.': 'mlp.fc1.',
        'mlp.w3.': 'mlp.fc2.',
    }
    return match[1] + _exchange(match[2], published)
