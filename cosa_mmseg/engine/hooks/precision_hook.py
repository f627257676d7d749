"""The precision of a run: chosen once, and kept."""

from collections.abc import Iterator

import torch
from mmengine.device import get_device
from mmengine.dist import broadcast_object_list, is_main_process
from mmengine.hooks import Hook
from mmengine.optim import AmpOptimWrapper
from mmengine.registry import HOOKS

from cosa_mmseg.engine.optim import (
    AutoPrecisionOptimWrapper,
    BFloat16OptimWrapper,
)
from cosa_mmseg.utils.bare_model import bare_model
from cosa_mmseg.utils.precision import (
    PRECISIONS,
    choose_precision,
    evaluates_as_chosen,
    warn_if_slow,
)

KEY = 'precision'  # in the message hub, and so in checkpoints


@HOOKS.register_module()
class PrecisionHook(Hook):
    """Choose between bfloat16 and float32 where the config leaves it open.

    It does where ``optim_wrapper.type='AutoPrecisionOptimWrapper'``.  The
    main process measures which is faster, see :func:`choose_precision`, and
    all processes take its choice, for the whole run: a resumed training keeps
    that of its checkpoint, so that it equals an uninterrupted one.

    On a CPU, evaluations take the same precision, unless ``val_cfg.fp16`` or
    ``test_cfg.fp16`` is set.  Elsewhere mmengine's ``fp16`` is float16, and
    they run in float32.

    Half precision that the config sets is left as it is, with a warning where
    it is slower than float32.
    """

    def __init__(self) -> None:
        self._chosen = ''  # not yet
        self._warned: set[str] = set()

    def before_train(self, runner) -> None:
        """Set the precision of training and validation."""
        wrapper = runner.optim_wrapper
        if isinstance(wrapper, AutoPrecisionOptimWrapper):
            wrapper.enabled = self._choose(runner) == 'bfloat16'
        for setting, dtype in _fixed_settings(runner):
            self._warn(setting, dtype)
        if runner.val_loop is not None:
            self._set_evaluation(runner, runner.val_loop, 'val_cfg')

    def before_val(self, runner) -> None:
        """Set the precision of a validation."""
        self._set_evaluation(runner, runner.val_loop, 'val_cfg')

    def before_test(self, runner) -> None:
        """Set the precision of a test."""
        self._set_evaluation(runner, runner.test_loop, 'test_cfg')

    def _set_evaluation(self, runner, loop, name: str) -> None:
        """Set the precision of an evaluation loop, or warn that it is slow."""
        if get_device() != 'cpu' or not hasattr(loop, 'fp16'):
            return
        if evaluates_as_chosen(runner.cfg, name):
            loop.fp16 = self._choose(runner) == 'bfloat16'
        elif loop.fp16:
            self._warn(f'{name}.fp16=True', 'bfloat16')

    def _choose(self, runner) -> str:
        """Return the run's precision; the first call chooses it."""
        if not self._chosen:
            choice = [self._find(runner) if is_main_process() else '']
            broadcast_object_list(choice)
            (self._chosen,) = choice
            runner.message_hub.update_info(KEY, self._chosen)
        return self._chosen

    def _find(self, runner) -> str:
        """Take the precision of the checkpoint, or the faster one."""
        stored = runner.message_hub.get_info(KEY)
        if stored not in PRECISIONS:
            chosen, reason = choose_precision(get_device())
            runner.logger.info(f'precision: {chosen}, since {reason}')
            return chosen
        runner.logger.info(
            f'precision: {stored}, that of the training that is resumed'
        )
        self._warn('the training that is resumed', stored)
        return stored

    def _warn(self, setting: str, dtype: str) -> None:
        """Warn, once, that something asks for a slow precision."""
        if not is_main_process() or setting in self._warned:
            return
        self._warned.add(setting)
        warn_if_slow(setting, dtype, get_device())


def _fixed_settings(runner) -> Iterator[tuple[str, str]]:
    """Yield half precision that the config sets, by the setting."""
    wrapper = runner.optim_wrapper
    if isinstance(wrapper, AmpOptimWrapper):
        dtype = wrapper.cast_dtype or torch.float16
        yield 'optim_wrapper.dtype', str(dtype).removeprefix('torch.')
    elif isinstance(wrapper, BFloat16OptimWrapper) and not isinstance(
        wrapper, AutoPrecisionOptimWrapper
    ):
        yield (
            'optim_wrapper.type=BFloat16OptimWrapper (--amp sets it)',
            'bfloat16',
        )
    assigner = getattr(bare_model(runner.model), 'assigner', None)
    dtype = getattr(assigner, 'dtype', None)
    if dtype is not None:
        yield 'model.assigner.dtype', str(dtype).removeprefix('torch.')
