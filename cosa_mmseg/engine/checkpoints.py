"""Choose the checkpoint that a run goes on from."""

import logging
import os
import re
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.logging import print_log

from cosa_mmseg.utils.weight_checks import check_finite
from cosa_mmseg.utils.weights import WeightsError, read_weights

# What mmengine's runner needs to go on as if nothing had happened
NEEDED = {
    'meta.epoch': int,
    'meta.iter': int,
    'meta.seed': int | None,
    'state_dict': dict,
    'message_hub.log_scalars': dict,
    'message_hub.runtime_info': dict,
    'message_hub.resumed_keys': dict,
    'optimizer': dict,
}
LAST = 'last_checkpoint'  # the file in which mmengine names the last one


class CheckpointError(RuntimeError):
    """A checkpoint cannot be saved or resumed; the message says why."""


def set_resumed_checkpoint(cfg: Config, checkpoint: str | None) -> None:
    """Have the runner go on from a good checkpoint.

    Args:
        cfg: Config of the run; ``resume`` and ``load_from`` are set.
        checkpoint: Path or address of the checkpoint; ``'auto'``: the last
            good one of the work dir, if there is any; None: what the config
            says.

    Raises:
        CheckpointError: If the checkpoint, or each of the work dir, is bad.
        FileNotFoundError: If there is no such file.
    """
    if checkpoint is None and cfg.get('resume'):
        checkpoint = cfg.get('load_from') or 'auto'
    if checkpoint is None:
        return
    if checkpoint == 'auto':
        found = find_good_checkpoint(cfg.work_dir)
        cfg.resume = found is not None
        cfg.load_from = str(found) if found else cfg.get('load_from')
        return
    if '://' not in checkpoint:
        check_checkpoint(checkpoint)
    cfg.resume = True
    cfg.load_from = checkpoint


def check_checkpoint(path: str | Path) -> None:
    """Refuse a checkpoint that training cannot go on from.

    Raises:
        CheckpointError: If it does not load, its weights or the state of its
            optimiser are not finite, or something of `NEEDED` is missing.
        FileNotFoundError: If there is no such file.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f'there is no checkpoint {path}')
    try:
        content = read_weights(path)
        check_finite({'optimizer': content.get('optimizer')}, path)
    except (OSError, WeightsError) as err:
        raise CheckpointError(str(err)) from err
    missing = [
        key for key in NEEDED if not isinstance(_at(content, key), NEEDED[key])
    ]
    if missing:
        raise CheckpointError(
            f'{path} holds no usable {", ".join(missing)}, so training cannot '
            'go on from it; `--cfg-options load_from=FILE` starts from its '
            'weights'
        )


def _at(content: Any, key: str) -> Any:
    """Return a value in nested dicts by its dotted key, if it is there."""
    for name in key.split('.'):
        content = content.get(name) if isinstance(content, dict) else None
    return content


def find_good_checkpoint(folder: str | Path) -> Path | None:
    """Return the last checkpoint that training can go on from.

    Others on the way to it are named in a warning.

    Args:
        folder: Work dir of the run.

    Returns:
        Path | None: None if there is no checkpoint at all.

    Raises:
        CheckpointError: If there are checkpoints, and none is good.
    """
    folder = Path(folder)
    named = named_checkpoint(folder)
    candidates = _candidates(folder, named)
    for path in candidates:
        try:
            check_checkpoint(path)
        except (CheckpointError, FileNotFoundError) as err:
            _warn(f'skipped: {err}')
            continue
        if not named and os.path.lexists(folder / LAST):
            _warn(
                f'{folder / LAST} names no checkpoint of this run that is '
                f'there: going on from {path}, the newest good one beside it'
            )
        return path
    if candidates:
        raise CheckpointError(
            f'{folder} has no good checkpoint ({len(candidates)} tried, the '
            f'newest is {candidates[0].name}): restore one, or choose '
            'another --work-dir to start anew'
        )
    _warn(f'{folder} has no checkpoint: training starts anew')
    return None


def named_checkpoint(folder: Path) -> Path | None:
    """Return the file that ``last_checkpoint`` names, if it is one of the run.

    It is looked for in the folder first, which may have been moved. One
    elsewhere counts if there is none here, or its folder has the name of
    this one, as mmengine's ``out_dir`` has it.

    Args:
        folder: Work dir of the run.

    Returns:
        Path | None: None if it is not there, or its name cannot be read.
    """
    file = folder / LAST
    try:
        text = file.read_text('utf-8').strip() if file.is_file() else ''
        here, there = folder / Path(text).name, Path(text)
        if here.is_file():
            return here
        same_run = there.parent.name == folder.resolve().name
        if (same_run or not _saved(folder)) and there.is_file():
            return there
    except (OSError, ValueError):  # no UTF-8, too long, a loop of links
        pass
    return None


def _candidates(folder: Path, named: Path | None) -> list[Path]:
    """Return the checkpoints of a run, the one to try first at the front.

    That is the one that ``last_checkpoint`` names, unless a kill came between
    the writing of a later one and that of its name.  The others follow from
    the newest to the oldest.
    """
    if named is None:
        return _saved(folder)
    found = _saved(folder, named.parent)
    written = named.stat().st_mtime_ns
    later = [
        path
        for path in found
        if path.stat().st_mtime_ns >= written
        and _number(path) > _number(named)
    ]
    return list(dict.fromkeys([*later, named, *found]))


def _saved(*folders: Path) -> list[Path]:
    """Return the checkpoints of a run in some folders, the newest first."""
    found = {path for folder in folders for path in folder.glob('*.pth')}
    return sorted(
        (path for path in found if _number(path) >= 0 and path.is_file()),
        key=lambda path: (path.stat().st_mtime_ns, _number(path)),
        reverse=True,
    )


def _number(path: Path) -> int:
    """Return the iteration or epoch in a name; -1 if it has none."""
    found = re.fullmatch(r'(?!best_|\.).*?(\d+)\.pth', path.name)
    return int(found[1]) if found else -1


def _warn(sentence: str) -> None:
    print_log(sentence, 'current', logging.WARNING)
