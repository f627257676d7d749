"""Checkpoints that neither a kill nor a full disk can take away."""

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from inspect import signature
from pathlib import Path
from typing import Any

from mmengine.dist import broadcast_object_list, is_main_process
from mmengine.hooks import CheckpointHook
from mmengine.registry import HOOKS

from cosa_mmseg.engine.atomic_backend import AtomicBackend
from cosa_mmseg.engine.checkpoints import LAST, CheckpointError
from cosa_mmseg.models.ops.checks import check_choice
from cosa_mmseg.utils.atomic import remove_unfinished
from cosa_mmseg.utils.checkpoint_loaders import load_safely_in


class _LateRemoval(AtomicBackend):
    """Files whose removal waits until the newer ones are safe."""

    def __init__(self) -> None:
        self.outdated: list[str] = []

    def remove(self, filepath: str | Path) -> None:
        """Note a file to be removed."""
        self.outdated.append(str(filepath))

    def remove_noted(self) -> None:
        """Remove the noted files."""
        for path in self.outdated:
            Path(path).unlink(missing_ok=True)
        self.outdated.clear()


@HOOKS.register_module()
class SafeCheckpointHook(CheckpointHook):
    """mmengine's ``CheckpointHook`` that always leaves a good checkpoint.

    At any moment there is a whole checkpoint on the disk, once the first was
    saved.  Each file is written under another name in the same folder, synced
    to the disk and renamed: first the checkpoint, then ``last_checkpoint``
    with its name.  Only then older checkpoints are removed, where mmengine
    removes them first; so for a moment there is one more than
    ``max_keep_ckpts``.  The best ones of ``save_best`` are replaced likewise.
    What a killed run left unfinished is removed when training starts.

    If a file cannot be written (the disk is full, a quota is used up, the
    folder is gone), the log says which and why, what was written of it is
    removed, and the older checkpoints stay.  All processes do the same then.

    Args:
        *args: Those of ``mmengine.hooks.CheckpointHook``.
        on_save_error (str): ``'continue'`` goes on training and tries again
            when the next checkpoint is due; only if the last one of the
            training fails there is a `CheckpointError` at its end.
            ``'stop'`` raises it at once.
        **kwargs: Those of ``CheckpointHook``, without ``backend_args`` and
            ``file_client_args``; ``out_dir`` is a folder.

    Raises:
        TypeError: If ``CheckpointHook`` does not know an argument.
        ValueError: If ``on_save_error`` is another, ``interval`` or
            ``max_keep_ckpts`` no whole number, or checkpoints shall be written
            elsewhere than to a folder.
    """

    backend_args: dict | None

    def __init__(
        self, *args: Any, on_save_error: str = 'continue', **kwargs: Any
    ) -> None:
        # mmengine passes others on, to what fails at the first checkpoint
        known = signature(CheckpointHook).parameters
        for name in kwargs.keys() - known.keys():
            raise TypeError(
                'SafeCheckpointHook.__init__() got an unexpected keyword '
                f'argument {name!r}'
            )
        super().__init__(*args, **kwargs)
        for name in ('interval', 'max_keep_ckpts'):
            if not isinstance(value := getattr(self, name), int):
                raise ValueError(
                    f'{name} must be a whole number, got {value!r}'
                )
        check_choice(('continue', 'stop'), on_save_error=on_save_error)
        elsewhere = self.backend_args or self.file_client_args
        if elsewhere or '://' in str(self.out_dir or ''):
            raise ValueError(
                'SafeCheckpointHook writes to folders only, not with '
                f'out_dir={self.out_dir!r}, backend_args={elsewhere}: for '
                "others set type='CheckpointHook'"
            )
        self.on_save_error = on_save_error
        self.backend_args = dict(backend='atomic')
        self._error: str | None = None  # of the last attempt to save

    def before_run(self, runner) -> None:
        """Have the runner run no code that a checkpoint may hold."""
        load_safely_in(runner)

    def before_train(self, runner) -> None:
        """Find the folder and clear it of unfinished files."""
        super().before_train(runner)
        self.file_backend = _LateRemoval()
        if is_main_process():
            work_dir = Path(runner.work_dir)
            # in the folders below, earlier runs wrote what they are
            for folder in {work_dir, Path(self.out_dir), *work_dir.glob('*/')}:
                for path in remove_unfinished(folder):
                    runner.logger.info(f'removed {path}, left by a killed run')

    def after_train(self, runner) -> None:
        """Publish checkpoints, unless the last could not be saved.

        Raises:
            CheckpointError: If it could not.
        """
        if self._error is not None:
            raise CheckpointError(
                f'the training is over, but {self._error}; free space and '
                'go on from the checkpoint before it with --resume'
            )
        super().after_train(runner)

    def _save_checkpoint(self, runner) -> None:
        """Save the current state."""
        with self._whole_or_not(runner):
            super()._save_checkpoint(runner)

    def _save_best_checkpoint(self, runner, metrics: dict) -> None:
        """Save the current weights if they are the best so far."""
        with self._whole_or_not(runner):
            super()._save_best_checkpoint(runner, metrics)

    def _save_checkpoint_with_step(self, runner, step: int, meta) -> None:
        """mmengine's, in an order that can be killed anywhere.

        The numbers of kept checkpoints in the file include one that is still
        to be removed: mmengine removes it on resuming.
        """
        name = self.filename_tmpl.format(step)
        self.last_ckpt = self.file_backend.join_path(self.out_dir, name)
        runner.message_hub.update_info('last_ckpt', self.last_ckpt)
        kept = [n for n in vars(self).get('keep_ckpt_ids', ()) if n != step]
        kept.append(step)
        if self.max_keep_ckpts > 0:
            runner.message_hub.update_info('keep_ckpt_ids', kept)
        runner.save_checkpoint(
            self.out_dir,
            name,
            save_optimizer=self.save_optimizer,
            save_param_scheduler=self.save_param_scheduler,
            meta=meta,
            by_epoch=self.by_epoch,
            backend_args=self.backend_args,
            **self.args,
        )
        if is_main_process():
            last = Path(runner.work_dir) / LAST
            self.file_backend.put_text(self.last_ckpt, last)
        self._error = None
        if self.max_keep_ckpts > 0:
            self.keep_ckpt_ids = deque(kept, self.max_keep_ckpts)
            for number in kept[: -self.max_keep_ckpts]:
                name = self.filename_tmpl.format(number)
                self.file_backend.remove(
                    self.file_backend.join_path(self.out_dir, name)
                )

    @contextmanager
    def _whole_or_not(self, runner) -> Iterator[None]:
        """Write files, or say why not and leave all as it was."""
        info = runner.message_hub.runtime_info
        info_before, self_before = dict(info), self._bookkeeping()
        error: list[str | None] = [None]
        try:
            yield
        except OSError as err:
            error = [str(err)]
        broadcast_object_list(error)  # only the main process writes
        if error[0] is None:
            if is_main_process():
                self.file_backend.remove_noted()
            return
        self._error = error[0]
        self.file_backend.outdated.clear()
        info.clear()
        info.update(info_before)
        self.__dict__.update(self_before)
        self._report(runner)

    def _bookkeeping(self) -> dict:
        """Return what mmengine notes of checkpoints before it writes them."""
        names = ('last_ckpt', 'best_ckpt_path', 'best_ckpt_path_dict')
        return {n: copy(vars(self)[n]) for n in names if n in vars(self)}

    def _report(self, runner) -> None:
        """Log that a file could not be written, or stop the training."""
        older = runner.message_hub.runtime_info.get('last_ckpt')
        stays = f'{older} stays' if older else 'none was saved before'
        message = f'{self._error}; {stays}.'
        if self.on_save_error == 'stop':
            raise CheckpointError(
                f'{message} Free space and go on with --resume'
            )
        runner.logger.error(
            f'{message} Free space: training goes on and saves again at the '
            "next checkpoint (on_save_error='stop' ends it here)"
        )
