"""Weights of another project, fitted to a backbone."""

import re
from dataclasses import dataclass, field

from mmpretrain.models import DeiT3
from torch import Tensor, nn

from cosa_mmseg.utils.weights import WeightsError

from .embeddings import (
    POSITIONS,
    fit_positions,
    patch_grid,
    resize_patches,
)
from .names import (
    OTHER,
    NamingStyle,
    style_of,
)
from .reasons import (
    what_to_do,
    why_left_out,
)
from .sources import Source

_PATCHES = r'patch_embed\.(proj|projection)\.weight'
# batches that a norm has seen: older files lack it, and loaders do without
_COUNTER = '.num_batches_tracked'
_SHOWN = 6  # names in a message


@dataclass
class Fitted:
    """Weights that a backbone loads, and what became of the others.

    Attributes:
        state: By the backbone's names.
        changed: Names of weights whose shape was changed -> what was done.
        left_out: Names of weights that are not taken -> why.
    """

    state: dict[str, Tensor]
    changed: dict[str, str] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)


def fit_backbone(
    source: Source, backbone: nn.Module, pruned: bool = False
) -> Fitted:
    """Give weights the names and shapes that a backbone has.

    Args:
        source: Weights of a backbone of the same architecture.
        backbone: Any backbone, for ViTs one of mmpretrain, mmseg, or timm in
            a ``TIMMBackbone``.
        pruned: Whether the backbone may lack blocks or stages that the
            weights are for, as timm's with ``features_only=True``.

    Raises:
        WeightsError: If the backbone would be left with a weight that the
            checkpoint lacks, or without one that it holds.
    """
    _refuse_deit3(backbone)
    prefix, target = _names_of(backbone)
    fitted = _translated(source, style_of(target))
    target = {
        name: value
        for name, value in target.items()
        if name in fitted.state or not name.endswith(_COUNTER)
    }
    if POSITIONS in fitted.state and POSITIONS in target:
        _fit_positions(fitted, target, backbone)
    _fit_patches(fitted, target)
    _leave_out(fitted, target, pruned)
    _check_depth(fitted.state, target)
    check_fit(fitted.state, target)
    fitted.state = {
        prefix + name: fitted.state[name].to(value.dtype)
        for name, value in target.items()
    }
    fitted.left_out.update(source.left_out)
    return fitted


def check_fit(state: dict[str, Tensor], target: dict[str, Tensor]) -> None:
    """Refuses weights whose names or shapes are not the network's.

    Raises:
        WeightsError: If they are not; it names them and says what to do.
    """
    unexpected = [name for name in state if name not in target]
    missing = [name for name in target if name not in state]
    problems = []
    if unexpected:
        problems.append(f'has no place for {_listed(unexpected)}')
    if missing:
        problems.append(
            f'would keep random {_listed(missing)}, which the weights lack'
        )
    if problems:
        raise WeightsError(
            f"the config's network {' and '.join(problems)}: "
            f'{what_to_do(unexpected, missing)}'
        )
    for name, value in state.items():
        wanted = target[name]
        if value.shape != wanted.shape:
            raise WeightsError(
                f'{name} is {tuple(value.shape)} in the weights and '
                f"{tuple(wanted.shape)} in the config's network: "
                'choose weights or config so that they agree'
            )
        if value.is_floating_point() != wanted.is_floating_point():
            raise WeightsError(
                f'{name} is {value.dtype} in the weights and {wanted.dtype} '
                "in the config's network: quantised weights do not work, "
                'choose those of full or half precision'
            )


def _refuse_deit3(backbone: nn.Module) -> None:
    """Refuses mmpretrain's DeiT3, which computes something else.

    Its blocks normalise the input of the MLP with the norm of the attention.
    """
    if isinstance(backbone, DeiT3):
        raise WeightsError(
            "mmpretrain's DeiT3 never uses the second norm of its blocks, so "
            'pretrained weights do not work in it: take '
            "type='mmpretrain.VisionTransformer' with "
            'layer_scale_init_value=1e-5, which is the same network'
        )


def _names_of(backbone: nn.Module) -> tuple[str, dict[str, Tensor]]:
    """The weights of a backbone, without what all names begin with."""
    state = backbone.state_dict()
    for prefix in ('timm_model.model.', 'timm_model.'):
        if all(name.startswith(prefix) for name in state):
            return prefix, {
                k.removeprefix(prefix): v for k, v in state.items()
            }
    return '', state


def _translated(source: Source, style: NamingStyle) -> Fitted:
    """The weights under the names of another style."""
    if source.style is style:
        return Fitted(dict(source.backbone))
    if OTHER in (source.style, style):
        names = _listed(list(source.backbone))
        raise WeightsError(
            f'the weights are of {source.title} ({names}) and the '
            f"config's backbone is {style.title}: the architectures differ, "
            'or the names are of a project that is not known here (timm, '
            'DINO, DINOv2, augreg, mmpretrain and mmseg are)'
        )
    return Fitted(
        {
            style.from_timm(source.style.to_timm(name)): value
            for name, value in source.backbone.items()
        }
    )


def _fit_positions(
    fitted: Fitted, target: dict[str, Tensor], backbone: nn.Module
) -> None:
    """Give the position embedding the backbone's tokens and grid."""
    old = fitted.state[POSITIONS].shape
    new = target[POSITIONS].shape
    if (
        len(old) != 3
        or len(new) != 3
        or 'reg_token' in (fitted.state.keys() - target)
    ):
        return
    had_cls = 'cls_token' in fitted.state
    fitted.state, what = fit_positions(
        fitted.state, new, patch_grid(backbone), target
    )
    if what:
        fitted.changed[POSITIONS] = f'{_arrow(old, new)}, {what}'
    if had_cls and 'cls_token' not in fitted.state:
        fitted.left_out['cls_token'] = why_left_out('cls_token') or ''


def _fit_patches(fitted: Fitted, target: dict[str, Tensor]) -> None:
    """Give the patch embedding the backbone's patch size."""
    for name in target.keys() & fitted.state:
        old, new = fitted.state[name], target[name]
        if (
            re.fullmatch(_PATCHES, name)
            and old.shape[:2] == new.shape[:2]
            and old.shape != new.shape
        ):
            height, width = new.shape[2:]
            fitted.state[name] = resize_patches(old, (height, width))
            fitted.changed[name] = (
                f'{_arrow(old.shape, new.shape)}, pseudo-inverse resize'
            )


def _leave_out(
    fitted: Fitted, target: dict[str, Tensor], pruned: bool
) -> None:
    """Leave out what the backbone can do without."""
    parts = {_part(name) for name in target}
    for name in fitted.state.keys() - target:
        why = why_left_out(name)
        if why is None and pruned and '.' in name and _part(name) not in parts:
            why = 'after the last of out_indices'
        if why is not None:
            fitted.left_out[name] = why
            del fitted.state[name]


def _part(name: str) -> str:
    """The block or stage of a parameter."""
    first, _, rest = name.partition('.')
    return f'{first}.{rest.partition(".")[0]}' if first == 'blocks' else first


def _check_depth(state: dict[str, Tensor], target: dict[str, Tensor]) -> None:
    """Refuses weights of a ViT of another depth."""
    pattern = r'(?:blocks|layers)\.(\d+)\..+'
    given, wanted = (
        len({m[1] for name in names if (m := re.fullmatch(pattern, name))})
        for names in (state, target)
    )
    if given != wanted:
        raise WeightsError(
            f'the weights are of a network of {given} blocks and the '
            f"config's backbone has {wanted} (named like "
            f'{next(n for n in {**target, **state} if re.match(pattern, n))}'
            '): choose weights or backbone of the same depth'
        )


def _listed(names: list[str]) -> str:
    """The first names of a list, and how many there are more."""
    more = len(names) - _SHOWN
    shown = ', '.join(names[:_SHOWN])
    return shown + (f' and {more} more' if more > 0 else '')


def _arrow(old: tuple[int, ...], new: tuple[int, ...]) -> str:
    """Two shapes."""
    return f'{tuple(old)} -> {tuple(new)}'
