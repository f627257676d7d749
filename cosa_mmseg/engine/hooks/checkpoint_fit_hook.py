"""Refuse checkpoints whose weights or classes are not the run's."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.optim import OptimWrapper, OptimWrapperDict
from mmengine.registry import HOOKS
from mmengine.runner import BaseLoop
from torch import Tensor, nn

from cosa_mmseg.engine.checkpoint_classes import (
    OTHER_ORDER,
    classes_of,
    find_other_classes,
)
from cosa_mmseg.engine.resumed_optimizer import (
    find_optimizer_misfit,
    overridden_settings,
)
from cosa_mmseg.engine.schedulers import WarmupPolyLR
from cosa_mmseg.models.segmentors.dual_stream import fill_online
from cosa_mmseg.utils.bare_model import bare_model
from cosa_mmseg.utils.checkpoint_loaders import load_safely_in
from cosa_mmseg.utils.weights import WeightsError

_RIGHT_CONFIG = 'take the config that it was trained with'
_OTHER_OPTIMIZER = (
    'take the settings that it was trained with (optim_wrapper, what is '
    'frozen), or start from its weights, with --cfg-options load_from=FILE '
    'and without --resume'
)
_SAME_CLASSES = (
    'give the classes the names and the order that they were trained with '
    '(for pictures of your own: the setting `classes`)'
)
# mmpretrain fits these to the size of the images when it loads them
FITTED = re.compile(r'pos_embed|rel_pos|relative_position')


@HOOKS.register_module()
class CheckpointFitHook(Hook):
    """Refuse checkpoints that do not fit the model.

    mmengine loads what fits and logs the rest, so that a network with random
    weights can be scored.  Here, what is tested or resumed has to have each
    weight of the networks and no other, and what a training starts from
    (``load_from``) at least one.  Its classes have to be those of the data,
    in the same order; where a training starts from it they may be others,
    which is a warning.

    The optimiser of a resumed training has to have the same parameters. Of
    its other settings, and of mmengine's schedules, the checkpoint's count:
    where the config has others by now, the log says so.

    A checkpoint is read without running code that it may hold.

    Scores of a model that was trained with masks say so: ``train_masks`` is
    their number.

    Raises:
        WeightsError: If it does not fit; it names weights.
    """

    def __init__(self) -> None:
        self.train_masks = 0

    def before_run(self, runner) -> None:
        """Have the runner run no code that a checkpoint may hold."""
        load_safely_in(runner)

    def before_train(self, runner) -> None:
        """Take the number of masks from the training set, or the checkpoint.

        It is kept in what checkpoints say of the data set.
        """
        dataset = runner.train_dataloader.dataset
        metainfo = getattr(dataset, '_metainfo', {})
        if self.train_masks and not metainfo.get('train_masks'):
            metainfo['train_masks'] = self.train_masks
        self.train_masks = metainfo.get('train_masks', 0)

    def after_val_epoch(self, runner, metrics: dict | None = None) -> None:
        """Say in the scores that masks were trained with."""
        self._say_masks(runner, 'val')

    def after_test_epoch(self, runner, metrics: dict | None = None) -> None:
        """Say in the scores that masks were trained with."""
        self._say_masks(runner, 'test')

    def _say_masks(self, runner, mode: str) -> None:
        if number := self.train_masks:
            # an integer would become null in the JSON
            key, value = f'{mode}/train_masks', float(number)
            runner.message_hub.update_scalar(key, value)
            runner.logger.info(f'it was trained with {number} masks')

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        """Compare names and shapes."""
        found = checkpoint.get('meta', {}).get('dataset_meta') or {}
        self.train_masks = found.get('train_masks', 0)
        classes = _classes(runner)
        trains = is_training(runner)
        optim_wrapper = runner.optim_wrapper if trains else None
        model = bare_model(runner.model)
        check_fit(runner.cfg, checkpoint, model, classes, optim_wrapper)
        # those that may be: where a training starts from the weights
        if others := find_other_classes(classes_of(checkpoint), classes):
            runner.logger.warning(
                f'{runner.cfg.get("load_from")} is of other classes, from '
                f'whose weights the heads start: {others}'
            )
        if trains and runner.cfg.get('resume'):
            _name_overridden(runner, checkpoint)


def check_fit(
    cfg: Config,
    checkpoint: Mapping[str, Any],
    model: nn.Module,
    classes: Sequence[str] | None,
    optim_wrapper: OptimWrapper | OptimWrapperDict | None = None,
) -> None:
    """Refuse a checkpoint that does not fit the run of a config.

    Args:
        cfg: Names the checkpoint, ``load_from``, and says whether training
            goes on from it, ``resume``.
        checkpoint: What the file holds; an online network that it lacks is
            added, see :func:`fill_online`.
        model: Built of the config.
        classes: Those of the data; None: not known.
        optim_wrapper: Of a training; None: the model is tested.

    Raises:
        WeightsError: If it does not fit.
    """

    def refuse(part: str, problem: str | None) -> None:
        if problem:
            raise WeightsError(
                f'{cfg.get("load_from")} does not fit the {part} of '
                f'{cfg.filename}: {problem}'
            )

    trains = optim_wrapper is not None
    starts = trains and not cfg.get('resume')
    state = checkpoint.get('state_dict', checkpoint)
    fill_online(state)
    refuse('model', find_misfit(model, state, partial=starts))
    others = find_other_classes(classes_of(checkpoint), classes)
    if others and (not starts or others.endswith(OTHER_ORDER)):
        anew = ', or train in another --work-dir' if trains else ''
        refuse('classes', f'{others}; {_SAME_CLASSES}{anew}')
    if isinstance(optim_wrapper, OptimWrapper) and not starts:
        groups = optim_wrapper.optimizer.param_groups
        saved = checkpoint['optimizer'].get('param_groups', ())
        if misfit := find_optimizer_misfit(groups, saved):
            refuse('optimiser', f'{misfit}: {_OTHER_OPTIMIZER}')


def _classes(runner) -> Sequence[str] | None:
    """Return the classes of the data that a runner works on."""
    for loop in (runner._train_loop, runner._test_loop, runner._val_loop):
        if isinstance(loop, BaseLoop):
            metainfo = getattr(loop.dataloader.dataset, 'metainfo', None)
            return (metainfo or {}).get('classes')
    return None


def _name_overridden(runner, checkpoint: dict) -> None:
    """Log settings that are those of the checkpoint, not of the config."""
    if not isinstance(runner.optim_wrapper, OptimWrapper):
        return
    groups = runner.optim_wrapper.optimizer.param_groups
    saved = checkpoint['optimizer'].get('param_groups', ())
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
    """Return True if a runner trains: it has built its optimiser."""
    return isinstance(runner.optim_wrapper, (OptimWrapper, OptimWrapperDict))


def find_misfit(
    model: nn.Module, state: object, partial: bool = False
) -> str | None:
    """Return how the weights of a checkpoint and of a model differ.

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
            f'{_RIGHT_CONFIG}; `cosa convert` converts pretrained weights of '
            'other projects'
        )
    return None if partial else _find_difference(model, found)


def _find_difference(model: nn.Module, found: dict[str, Tensor]) -> str | None:
    """Return what is of another shape, missing, or left over."""
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
    """Return the first of some names, and how many there are."""
    first, *rest = names
    return f'{first} and {len(rest)} more' if rest else first
