"""Which checkpoint a run goes on from."""

import logging
import re
import zipfile
from pathlib import Path

from mmengine.config import Config
from mmengine.logging import print_log
from mmengine.runner import CheckpointLoader

# What mmengine's runner needs to go on as if nothing had happened
NEEDED = ('meta', 'state_dict', 'message_hub', 'optimizer')
LAST = 'last_checkpoint'  # the file in which mmengine names the last one


class CheckpointError(RuntimeError):
    """A checkpoint cannot be saved or resumed; the message says why."""


def set_resumed_checkpoint(cfg: Config, checkpoint: str | None) -> None:
    """Has the runner go on from a good checkpoint.

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

    A good one is a whole zip archive whose bytes are those that were written
    (their check sums are compared), loads as the runner would load it, and
    holds `NEEDED`.

    Raises:
        CheckpointError: If it is not a good one.
        FileNotFoundError: If there is no such file.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f'there is no checkpoint {path}')
    try:
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()
    except Exception as err:  # whatever random bytes lead to
        size = path.stat().st_size
        raise CheckpointError(
            f'{path} is no checkpoint, or a part of one ({err}; {size} bytes)'
        ) from err
    if damaged:
        raise CheckpointError(f'{path} is damaged: {damaged} has changed')
    content = _load(path)
    missing = [key for key in NEEDED if key not in content]
    if missing:
        raise CheckpointError(
            f'{path} holds no {", ".join(missing)}, so training cannot go on '
            'from it; `--cfg-options load_from=FILE` starts from its weights'
        )


def _load(path: Path) -> dict:
    """What a whole file holds, loaded as the runner does.

    Raises:
        CheckpointError: If the loader refuses it.
    """
    try:
        content = CheckpointLoader.load_checkpoint(str(path), 'cpu', 'silent')
    except Exception as err:  # whatever unknown content leads to
        reason = str(err).split('\n')[0]
        if str(path) not in reason:
            reason = f'{path} does not load: {reason}'
        raise CheckpointError(reason) from err
    return content if isinstance(content, dict) else {}


def find_good_checkpoint(folder: str | Path) -> Path | None:
    """The last checkpoint that training can go on from.

    Others on the way to it are named in a warning.

    Args:
        folder: Work dir of the run.

    Returns:
        Path | None: None if there is no checkpoint at all.

    Raises:
        CheckpointError: If there are checkpoints, and none is good.
    """
    candidates = _candidates(Path(folder))
    for path in candidates:
        try:
            check_checkpoint(path)
        except CheckpointError as err:
            print_log(f'skipped: {err}', 'current', logging.WARNING)
        else:
            return path
    if candidates:
        raise CheckpointError(
            f'{folder} has no good checkpoint ({len(candidates)} tried, the '
            f'newest is {candidates[0].name}): restore one, or choose '
            'another --work-dir to start anew'
        )
    print_log(
        f'{folder} has no checkpoint: training starts anew',
        'current',
        logging.WARNING,
    )
    return None


def _candidates(folder: Path) -> list[Path]:
    """Checkpoints of a run, the one to try first at the front.

    That is the one that ``last_checkpoint`` names, unless a kill came between
    the writing of a later one and that of its name.  The others follow from
    the newest to the oldest.
    """
    named = _named(folder)
    folders = {folder, named.parent} if named else {folder}
    found = sorted(
        (path for where in folders for path in where.glob('*.pth')),
        key=lambda path: (path.stat().st_mtime_ns, _number(path)),
        reverse=True,
    )
    found = [path for path in found if _number(path) >= 0]
    if named is None:
        return found
    written = named.stat().st_mtime_ns
    later = [
        path
        for path in found
        if path.stat().st_mtime_ns >= written
        and _number(path) > _number(named)
    ]
    return list(dict.fromkeys([*later, named, *found]))


def _named(folder: Path) -> Path | None:
    """The file that ``last_checkpoint`` names, if it is there.

    It is looked for in the folder first, which may have been moved.
    """
    file = folder / LAST
    text = file.read_text().strip() if file.is_file() else ''
    for path in (folder / Path(text).name, Path(text)):
        if path.is_file():
            return path
    return None


def _number(path: Path) -> int:
    """Iteration or epoch in a name; -1 where it is no run's checkpoint."""
    found = re.fullmatch(r'(?!best_|\.).*?(\d+)\.pth', path.name)
    return int(found[1]) if found else -1
