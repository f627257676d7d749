"""The arms of an ablation: which configs, in which order, against what."""

import hashlib
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mmengine.config import Config
from mmengine.fileio import join_path

from cosa_mmseg.utils.reading import read_json, read_text

LIST = 'arms.json'
EVALUATION_KEYS = ('val_', 'test_', 'tta_')  # prefixes of config keys


@dataclass(frozen=True)
class Arm:
    """One setting of an ablation, run with several seeds.

    Attributes:
        name: Name of its config without the ``.py``.
        title: What it is called in the table.
        config: Path of the config.
        cfg: The config.
        score: Key of the score that the arm is judged by.
        baseline: Name of the arm that it is compared with.
    """

    name: str
    title: str
    config: Path
    cfg: Config = field(compare=False, repr=False)
    score: str = 'mIoU'
    baseline: str | None = None

    @property
    def iterations(self) -> int:
        """Number of training iterations."""
        return self.cfg.train_cfg['max_iters']

    @property
    def batch(self) -> int:
        """Images an iteration."""
        return self.cfg.train_cfg.get(
            'total_batch_size', self.cfg.train_dataloader.batch_size
        )

    def digest(self, training_only: bool = False) -> str:
        """Twelve hexadecimal digits that stand for the config's settings.

        Args:
            training_only: Leave out what matters for evaluation alone.
        """
        settings = {
            key: value
            for key, value in self.cfg.to_dict().items()
            if not (training_only and key.startswith(EVALUATION_KEYS))
        }
        text = json.dumps(settings, sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    def image_list(self, split: str) -> str:
        """``ann_file`` of a split: beside that of the test set."""
        ann_file = Path(self.cfg.test_dataloader.dataset.ann_file)
        return ann_file.with_name(f'{split}.txt').as_posix()

    def count_images(self, splits: Sequence[str]) -> dict[str, int]:
        """Numbers of listed images: ``train`` and each split.

        Raises:
            FileNotFoundError: If a list is missing.
        """
        train = self.cfg.train_dataloader.dataset
        test = self.cfg.test_dataloader.dataset
        lists = {'train': (train, train.ann_file)}
        lists |= {split: (test, self.image_list(split)) for split in splits}
        numbers = {}
        for split, (dataset, ann_file) in lists.items():
            path = join_path(dataset.get('data_root') or '', ann_file)
            if not Path(path).is_file():
                raise FileNotFoundError(
                    f'{self.config} has no image list {path}: make the data '
                    'set, or choose other --splits'
                )
            lines = read_text(path).split('\n')
            numbers[split] = sum(bool(line.strip()) for line in lines)
        return numbers


def load_arms(folder: str | Path) -> list[Arm]:
    """Read the arms of a folder of configs.

    ``arms.json`` lists them in the order of the table::

        {
          "plain": {"title": "CoSA"},
          "weighted": {"title": "+ RAW", "baseline": "plain"},
          "cam": {"title": "classification", "score": "cam_mIoU_best"}
        }

    where ``plain`` stands for ``plain.py``.  Every config of the folder has
    to be there, but for those whose name begins with ``_``.

    Raises:
        FileNotFoundError: If the list or a config is missing.
        ValueError: If the list is malformed or leaves out a config.
    """
    path = Path(folder) / LIST
    if not path.is_file():
        raise FileNotFoundError(
            f'no {path}: it lists the arms, e.g. {{"my_config": {{"title": '
            '"mine", "baseline": "other_config"}}'
        )
    entries = read_json(path)
    if not isinstance(entries, dict) or not entries:
        raise ValueError(f'{path} must hold an object {{arm: settings}}')
    unlisted = sorted(
        config.stem
        for config in path.parent.glob('[!_]*.py')
        if config.stem not in entries
    )
    if unlisted:
        raise ValueError(
            f'{path} does not list {", ".join(unlisted)}: add each with a '
            '"title", or begin the name of its config with _'
        )
    return [_load_arm(path, name, entries) for name in entries]


def _load_arm(path: Path, name: str, entries: dict) -> Arm:
    """The arm ``name`` of the list at ``path``."""
    _check_entry(path, name, entries)
    config = path.with_name(f'{name}.py')
    if not config.is_file():
        raise FileNotFoundError(
            f'{path} lists {name!r}, but there is no {config}'
        )
    cfg = Config.fromfile(config)
    if 'max_iters' not in cfg.train_cfg:
        raise ValueError(
            f'{config} has no train_cfg.max_iters: arms are compared at '
            'equal numbers of iterations'
        )
    return Arm(name=name, config=config, cfg=cfg, **entries[name])


def _check_entry(path: Path, name: str, entries: dict) -> None:
    """Refuse settings of an arm that are none."""
    allowed = {'title', 'score', 'baseline'}
    entry = entries[name]
    if not isinstance(entry, dict) or 'title' not in entry:
        raise ValueError(f'{path}: {name!r} needs a "title", has {entry!r}')
    if unknown := sorted(set(entry) - allowed):
        raise ValueError(
            f'{path}: {name!r} has {unknown}; allowed are {sorted(allowed)}'
        )
    if entry.get('baseline', name) not in entries:
        raise ValueError(
            f'{path}: the baseline {entry["baseline"]!r} of {name!r} is no '
            f'arm; the arms are {", ".join(entries)}'
        )


def select_arms(arms: Sequence[Arm], names: Collection[str]) -> list[Arm]:
    """The arms of these names, in the order of the list.

    Raises:
        ValueError: If a name is unknown.
    """
    known = [arm.name for arm in arms]
    if unknown := [name for name in names if name not in known]:
        raise ValueError(
            f'no arm {", ".join(unknown)}; the arms are {", ".join(known)}'
        )
    return [arm for arm in arms if arm.name in names]


def check_comparable(arms: Sequence[Arm]) -> None:
    """Refuse arms that train for longer, or on more images, than others.

    Raises:
        ValueError: If they do, with the numbers and the arms.
    """
    for what in ('iterations', 'batch'):
        groups: dict[int, list[str]] = {}
        for arm in arms:
            groups.setdefault(getattr(arm, what), []).append(arm.name)
        if len(groups) > 1:
            found = '; '.join(
                f'{number} in {", ".join(names)}'
                for number, names in groups.items()
            )
            raise ValueError(
                f'the arms are not comparable, {what} differ: {found}'
            )
