"""Checkpoints of another model do not pass unnoticed."""

import re

from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.optim import OptimWrapper, OptimWrapperDict
from mmengine.registry import HOOKS
from torch import Tensor, nn

from cosa_mmseg.engine.resumed_optimizer import (
    find_optimizer_misfit,
    overridden_settings,
)
from cosa_mmseg.engine.schedulers import WarmupPolyLR
from cosa_mmseg.utils.weights import WeightsError

_RIGHT_CONFIG = 'take the config that it was trained with'
_OTHER_OPTIMIZER = (
    'take the settings that it was trained with (optim_wrapper, what is '
    'frozen), or start from its weights, with --cfg-options load_from=FILE '
    'and without --resume'
)
# mmpretrain fits these to the size of the images when it loads them
FITTED = re.compile(r'pos_embed|rel_pos|relative_position')


@HOOKS.register_module()
class CheckpointFitHook(Hook):
    """Refuses checkpoints that do not fit the model.

    mmengine loads what fits and logs the rest, so that a network with random
    weights can be scored.  Here, what is tested or resumed has to have each
    weight of the networks and no other, and what a training starts from
    (``load_from``) at least one.

    The optimiser of a resumed training has to have the same parameters. Of
    its other settings, and of mmengine's schedules, the checkpoint's count:
    where the config has others by now, the log says so.

    Raises:
        WeightsError: If it does not fit; it names weights.
    """

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        """Compare names and shapes."""
        model = runner.model
        resumes = is_training(runner) and runner.cfg.get('resume')
        _refuse(
            runner,
            'model',
            find_misfit(
                model.module if is_model_wrapper(model) else model,
                checkpoint.get('state_dict', checkpoint),
                partial=is_training(runner) and not resumes,
            ),
        )
        if resumes and isinstance(runner.optim_wrapper, OptimWrapper):
            _compare_optimizer(runner, checkpoint)


def _refuse(runner, part: str, problem: str | None) -> None:
    """Raise if there is a problem with a part of a run."""
    if problem:
        raise WeightsError(
            f'{runner.cfg.get("load_from")} does not fit the {part} of '
            f'{runner.cfg.filename}: {problem}'
        )


def _compare_optimizer(runner, checkpoint: dict) -> None:
    """Refuse the state of another optimiser, name settings that differ."""
    groups = runner.optim_wrapper.optimizer.param_groups
    saved = checkpoint['optimizer'].get('param_groups', ())
    if misfit := find_optimizer_misfit(groups, saved):
        _refuse(runner, 'optimiser', f'{misfit}: {_OTHER_OPTIMIZER}')
    schedules = [
        # this one goes by the config
        {} if isinstance(schedule, WarmupPolyLR) else vars(schedule)
        for schedule in runner.param_schedulers or ()
    ]
    for key, own, there in (
        ('optim_wrapper', groups, saved),
        ('param_scheduler', schedules, checkpoint.get('param_schedulers', ())),
    ):
        if others := overridden_settings(own, there):
            runner.logger.warning(
                f'{key}: resumed with the settings of the checkpoint, '
                f'{"; ".join(others)}'
            )


def is_training(runner) -> bool:
    """Whether a runner was asked to train: it has built its optimiser."""
    return isinstance(runner.optim_wrapper, (OptimWrapper, OptimWrapperDict))


def find_misfit(
    model: nn.Module, state: object, partial: bool = False
) -> str | None:
    """How the weights of a checkpoint and those of a model differ.

    Parts of the model that learn nothing, such as thresholds, are not
    compared, nor are parts that only the checkpoint has, such as an auxiliary
    head.

    Args:
        model: The model.
        state: What the checkpoint has as weights.
        partial: Whether one common weight is enough.

    Returns:
        str | None: A clause for a message; None: they fit.
    """
    found = {
        re.sub(r'^module\.', '', name): value
        for name, value in (state.items() if isinstance(state, dict) else ())
        if isinstance(value, Tensor)
    }
    if not found:
        return 'it holds no weights'
    wanted = model.state_dict()
    if not wanted.keys() & found.keys():
        return (
            f'it has none of its weights, but {_some(list(found))}: '
            f'{_RIGHT_CONFIG}; tools/model_converters/convert_weights.py '
            'converts pretrained weights of other projects'
        )
    return None if partial else _find_difference(model, found)


def _find_difference(model: nn.Module, found: dict[str, Tensor]) -> str | None:
    """What is of another shape, missing, or left over; see there."""
    weights = dict(model.named_parameters())
    for name, weight in weights.items():
        other = found.get(name, weight)
        if other.shape != weight.shape and not FITTED.search(name):
            return (
                f'its {name} is {tuple(other.shape)}, not '
                f'{tuple(weight.shape)}: {_RIGHT_CONFIG} (number of classes, '
                'size of the network)'
            )
    parts = {name.split('.')[0] for name in weights}
    known = model.state_dict()
    missing = [name for name in weights if name not in found]
    left = [
        name
        for name in found
        if name not in known and name.split('.')[0] in parts
    ]
    if not missing and not left:
        return None
    what = [f'lacks {_some(missing)}'] if missing else []
    what += [f'has {_some(left)} besides'] if left else []
    return f'it {" and ".join(what)}: {_RIGHT_CONFIG}'


def _some(names: list[str]) -> str:
    """The first of some names, and how many there are."""
    first, *rest = names
    return f'{first} and {len(rest)} more' if rest else first
