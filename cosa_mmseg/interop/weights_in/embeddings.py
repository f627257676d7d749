"""Position and patch embeddings for other grids, tokens and patches."""

from collections.abc import Iterable
from math import isqrt
from typing import Any

import torch
import torch.nn.functional as F
from mmpretrain.models.utils import resize_pos_embed
from torch import Tensor, nn

from cosa_mmseg.utils.weights import WeightsError

POSITIONS = 'pos_embed'
TOKENS = ('cls_token', 'dist_token', 'reg_token')  # in their order


def patch_grid(backbone: nn.Module) -> tuple[int, int]:
    """Return the rows and columns of patches of a ViT's position embedding.

    Args:
        backbone: A ViT of mmpretrain, mmseg, or timm in a ``TIMMBackbone``.
    """
    vit: Any = getattr(backbone, 'timm_model', backbone)
    vit = getattr(vit, 'model', vit)  # timm's features_only=True
    if hasattr(vit, 'patch_resolution'):  # mmpretrain
        return vit.patch_resolution
    if hasattr(vit.patch_embed, 'grid_size'):  # timm
        return vit.patch_embed.grid_size
    height, width = vit.img_size  # mmseg
    return height // vit.patch_size, width // vit.patch_size


def fit_positions(
    state: dict[str, Tensor],
    shape: torch.Size,
    grid: tuple[int, int],
    tokens: Iterable[str],
) -> str:
    """Fit the position embedding of another network to this one.

    Some networks have positions for tokens that are no patches, others add
    none to them.  What a token's position holds is added to the token, or is
    0, which is the same network.  The positions of the patches are resized
    (bicubic); the source's grid is taken to be square.

    Args:
        state: Weights of the other network, names as in ``TOKENS``; they are
            changed.
        shape: Shape of this network's position embedding, (1, L, D).
        grid: Its rows and columns of patches.
        tokens: Names of this network's tokens.

    Returns:
        What was done, if anything.

    Raises:
        WeightsError: If the positions are for no square grid.
    """
    positions = state[POSITIONS]
    counts = {k: state[k].shape[1] for k in TOKENS if k in state}
    own = _tokens_with_position(positions.shape[1], counts)
    num_patches = positions.shape[1] - sum(own.values())
    *parts, patches = positions.split([*own.values(), num_patches], dim=1)
    prefix = dict(zip(own, parts, strict=True))
    if 'cls_token' in counts and 'cls_token' not in tokens:
        del state['cls_token']
        prefix.pop('cls_token', None)
    notes = []
    wanted = shape[1] - grid[0] * grid[1]
    missing = wanted - sum(own[name] for name in prefix)
    if prefix and not wanted:
        notes.append(f'positions added to {", ".join(prefix)}')
        for name, part in prefix.items():
            state[name] = state[name] + part
        prefix = {}
    elif missing > 0:
        without = ', '.join(k for k in counts if k not in own)
        notes.append(f'zeros as positions of {without}')
        prefix[''] = positions.new_zeros(1, missing, positions.shape[2])
    side = isqrt(num_patches)
    if (side, side) != tuple(grid):
        notes.append(
            f'position grid {side}x{side} -> {grid[0]}x{grid[1]}, bicubic'
        )
        patches = resize_pos_embed(
            patches, (side, side), grid, 'bicubic', num_extra_tokens=0
        )
    state[POSITIONS] = torch.cat([*prefix.values(), patches], dim=1)
    return '; '.join(notes)


def _tokens_with_position(
    length: int, counts: dict[str, int]
) -> dict[str, int]:
    """Find the tokens that have positions, before those of a square grid.

    Args:
        length: Number of positions.
        counts: How many tokens there are of each kind; positions are for
            all, for the first kinds, or for none.
    """
    for kinds in range(len(counts), -1, -1):
        own = dict(list(counts.items())[:kinds])
        patches = length - sum(own.values())
        if patches > 0 and isqrt(patches) ** 2 == patches:
            return own
    raise WeightsError(
        f'{POSITIONS} holds {length} positions, of no square grid of patches '
        f'and {sum(counts.values())} tokens: weights for square images are '
        'needed'
    )


def resize_patches(weight: Tensor, size: tuple[int, int]) -> Tensor:
    r"""Resize a patch embedding for patches of another size.

    The pseudo-inverse resize of FlexiViT: with B the bicubic (antialiased)
    resize of a patch x, the new weights are the least-squares solution of
    :math:`\langle w', Bx \rangle = \langle w, x \rangle` for all x.  Where
    patches become larger the tokens of a resized image stay as they were.
    (timm has the same; it is not needed otherwise.)

    Args:
        weight: (D, channels, h, w).
        size: The new (h, w).

    Returns:
        (D, channels, *size).
    """
    pixels = weight.shape[2] * weight.shape[3]
    basis = torch.eye(pixels).reshape(pixels, 1, *weight.shape[2:])
    resized = F.interpolate(basis, size, mode='bicubic', antialias=True)
    inverse = torch.linalg.pinv(resized.reshape(pixels, -1))  # (new, old)
    return (weight.float().flatten(2) @ inverse.T).unflatten(2, size)
