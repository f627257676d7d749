"""Weights of another project, fitted to a backbone."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from mmpretrain.models import DeiT3
from torch import Tensor, nn

from cosa_mmseg.utils.weights import WeightsError

from .embeddings import POSITIONS, fit_positions, patch_grid, resize_patches
from .names import timm_names
from .reasons import what_to_do, why_left_out
from .sources import Source

_PATCHES = 'patch_embed.proj.weight'
# batches that a norm has seen: older files lack it, and loaders do without
_COUNTER = '.num_batches_tracked'
_SHOWN = 6  # names in a message


@dataclass
class Fitted:
    """Weights that a network loads, and what became of the others.

    Attributes:
        state: By the network's names.
        changed: Names of weights whose shape was changed -> what was done.
        left_out: Names of weights that are not taken -> why.
    """

    state: dict[str, Tensor]
    changed: dict[str, str] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)


def fit_weights(
    source: Source, network: nn.Module, pruned: bool = False
) -> Fitted:
    """Give weights the names and shapes that a network has.

    Args:
        source: Weights of the same architecture.
        network: Any backbone, for ViTs one of mmpretrain, mmseg, or timm in
            a ``TIMMBackbone``; or a ``CAMEncoderDecoder`` with one.
        pruned: Whether the network may lack blocks or stages that the
            weights are for, as timm's with ``features_only=True``.

    Raises:
        WeightsError: If the network would be left with a weight that the
            checkpoint lacks, or without one that it holds.
    """
    backbone = getattr(network, 'backbone', network)
    _refuse_deit3(backbone)
    weights = network.state_dict()
    own = {timm: name for name, timm in timm_names(weights).items()}
    fitted = Fitted(dict(source.weights), left_out=dict(source.left_out))
    target = {
        timm: weights[name]
        for timm, name in own.items()
        if timm in fitted.state or not timm.endswith(_COUNTER)
    }
    if not fitted.state.keys() & target.keys():
        raise WeightsError(
            f'{source.title} holds {_listed([*fitted.state])}, and the '
            f"config's backbone {_listed([*own.values()])}: the architectures "
            'differ, or the names are of a project that is not known here '
            '(timm, DINO, DINOv2, augreg, mmpretrain and mmseg are)'
        )
    _fit_positions(fitted, target, backbone)
    _fit_patches(fitted, target)
    _leave_out(fitted, target, pruned)
    _check_depth(fitted.state, target)
    _check_fit(fitted.state, target, own)
    fitted.state = {
        own[name]: fitted.state[name].to(value.dtype)
        for name, value in target.items()
    }
    return fitted


def _check_fit(
    state: Mapping[str, Tensor],
    target: Mapping[str, Tensor],
    own: Mapping[str, str],
) -> None:
    """Refuse weights whose names or shapes are not the network's.

    Args:
        state: The weights.
        target: Those of the network, by the same names.
        own: The names that the network itself has for them, for messages.

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
            f'would keep random {_listed([own[name] for name in missing])}, '
            'which the weights lack'
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
                f'{own[name]} is {tuple(value.shape)} in the weights and '
                f"{tuple(wanted.shape)} in the config's network: "
                'choose weights or config so that they agree'
            )
        if value.is_floating_point() != wanted.is_floating_point():
            raise WeightsError(
                f'{own[name]} is {value.dtype} in the weights and '
                f"{wanted.dtype} in the config's network: quantised weights "
                'do not work, choose those of full or half precision'
            )


def _refuse_deit3(backbone: nn.Module) -> None:
    """Refuse mmpretrain's DeiT3, which computes something else.

    Its blocks normalise the input of the MLP with the norm of the attention.
    """
    if isinstance(backbone, DeiT3):
        raise WeightsError(
            "mmpretrain's DeiT3 never uses the second norm of its blocks, so "
            'pretrained weights do not work in it: take '
            "type='mmpretrain.VisionTransformer' with "
            'layer_scale_init_value=1e-5, which is the same network'
        )


def _fit_positions(
    fitted: Fitted, target: Mapping[str, Tensor], backbone: nn.Module
) -> None:
    """Give the position embedding the backbone's tokens and grid."""
    if not fitted.state.keys() & target.keys() >= {POSITIONS}:
        return
    old, new = fitted.state[POSITIONS].shape, target[POSITIONS].shape
    has_no_place = 'reg_token' in fitted.state.keys() - target
    if len(old) != 3 or len(new) != 3 or has_no_place:
        return
    before = fitted.state.keys() & {'cls_token'}
    what = fit_positions(fitted.state, new, patch_grid(backbone), target)
    if what:
        fitted.changed[POSITIONS] = f'{tuple(old)} -> {tuple(new)}, {what}'
    for name in before - fitted.state.keys():
        fitted.left_out[name] = why_left_out(name) or ''


def _fit_patches(fitted: Fitted, target: Mapping[str, Tensor]) -> None:
    """Give the patch embedding of a ViT the backbone's patch size."""
    old, new = fitted.state.get(_PATCHES), target.get(_PATCHES)
    if old is None or new is None or old.shape[:2] != new.shape[:2]:
        return
    if old.shape != new.shape:
        height, width = new.shape[2:]
        fitted.state[_PATCHES] = resize_patches(old, (height, width))
        fitted.changed[_PATCHES] = (
            f'{tuple(old.shape)} -> {tuple(new.shape)}, pseudo-inverse resize'
        )


def _leave_out(
    fitted: Fitted, target: Mapping[str, Tensor], pruned: bool
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
    """Return the block or stage of a parameter."""
    first, _, rest = name.partition('.')
    return f'{first}.{rest.partition(".")[0]}' if first == 'blocks' else first


def _check_depth(
    state: Mapping[str, Tensor], target: Mapping[str, Tensor]
) -> None:
    """Refuse weights of a ViT of another depth."""
    given, wanted = (
        len({_part(name) for name in names if name.startswith('blocks.')})
        for names in (state, target)
    )
    if given != wanted:
        raise WeightsError(
            f'the weights are of a network of {given} blocks and the '
            f"config's backbone has {wanted}: choose weights or backbone of "
            'the same depth'
        )


def _listed(names: list[str]) -> str:
    """Return the first names of a list, and how many there are more."""
    more = len(names) - _SHOWN
    shown = ', '.join(names[:_SHOWN])
    return shown + (f' and {more} more' if more > 0 else '')
