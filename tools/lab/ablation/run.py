"""One arm with one seed: where it is kept, and how far it is."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cosa_mmseg.engine.checkpoints import named_checkpoint

from .arms import Arm


@dataclass(frozen=True)
class Run:
    """One arm with one seed.

    It lives in ``<work_dir>/<arm>/<seed>``: mmengine's logs and checkpoints,
    what the tools print (``train.log``, ``test.log``), the scores' logs
    (``test/<split>``), ``progress.json`` from the start on, and
    ``results.json`` at the end.

    Attributes:
        arm: The arm.
        seed: The seed.
        work_dir: Folder of the ablation.
    """

    arm: Arm
    seed: int
    work_dir: Path

    def __str__(self) -> str:
        return f'{self.arm.name} seed {self.seed}'

    @property
    def folder(self) -> Path:
        """Where the run's files are."""
        return self.work_dir / self.arm.name / str(self.seed)

    @property
    def checkpoint(self) -> Path:
        """That of the last iteration."""
        return self.folder / f'iter_{self.arm.iterations}.pth'

    @property
    def is_trained(self) -> bool:
        """Whether the last iteration's checkpoint is there, and whole."""
        return named_checkpoint(self.folder) == self.checkpoint

    def read_progress(self) -> dict:
        """What is known of a run that began.

        Returns:
            dict: ``training``, the digest of the settings; ``starts``, how
            often it was started; ``seconds`` spent in ``train`` and ``test``.

        Raises:
            ValueError: If it was begun with other settings.
        """
        training = self.arm.digest(training_only=True)
        path = self.folder / 'progress.json'
        if not path.is_file():
            return {'training': training, 'starts': 0, 'seconds': {}}
        progress = json.loads(path.read_text())
        if progress['training'] != training:
            raise ValueError(
                f'{self.folder} was trained with other settings than those '
                f'of {self.arm.config}: delete it, choose another '
                '--work-dir, or restore the config'
            )
        return progress

    def read_results(self) -> dict:
        """What ``results.json`` holds; empty where there are no results.

        Results of other evaluation settings than the config's count as none.
        """
        path = self.folder / 'results.json'
        if not path.is_file():
            return {}
        results = json.loads(path.read_text())
        return results if results['config'] == self.arm.digest() else {}

    def is_finished(self, splits: Sequence[str]) -> bool:
        """Whether the scores of all these splits are there."""
        return set(splits) <= set(self.read_results().get('scores', {}))
