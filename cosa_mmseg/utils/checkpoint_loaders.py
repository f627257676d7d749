"""Have mmengine read checkpoints without running code that they may hold.

mmengine tries a file that it may not load once more, without protection, and
`Runner.resume` executes a text in it. Other models of the process keep that:
the loaders here are in force for the length of a call.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from threading import RLock
from typing import Any
from urllib.error import URLError
from urllib.parse import urlparse
from zipfile import is_zipfile

from mmengine.runner import CheckpointLoader, Runner
from mmengine.runner.checkpoint import (
    load_from_http,
    load_from_mmcls,
    load_from_openmmlab,
    load_from_torchvision,
)
from torch.hub import get_dir

from .weight_checks import check_sums, check_weights
from .weights import WeightsError, load_safely, read_weights

_LOCK = RLock()  # of the table of loaders, which all threads share


@contextmanager
def safe_loaders() -> Iterator[None]:
    """Have mmengine's functions read checkpoints safely within the block.

    Other threads that enter it wait; it may be entered several times.  It
    decorates functions too.
    """
    with _LOCK:
        others = CheckpointLoader._schemes
        CheckpointLoader._schemes = dict(others)
        try:
            for prefixes, loader in _LOADERS:
                CheckpointLoader.register_scheme(prefixes, loader, force=True)
            yield
        finally:
            CheckpointLoader._schemes = others


def load_safely_in(runner: Runner) -> None:
    """Have a runner read checkpoints and pretrained weights safely."""
    for name in ('load_checkpoint', '_init_model_weights'):
        setattr(runner, name, safe_loaders()(getattr(runner, name)))


def load_from_file(filename: str, map_location: Any = None) -> dict:
    """Read a local file, on the CPU.

    Args:
        filename: Any that :func:`read_weights` takes.
        map_location: Not used: what is loaded is copied to where it belongs.

    Raises:
        MissingWeightsError: If there is no such file.
        WeightsError: If it is no file of weights and plain data.
    """
    return _without_config(read_weights(Path(filename).expanduser()))


def fetched_safely(load: Callable[..., dict]) -> Callable[..., dict]:
    """A loader of mmengine that fetches files, such that no code is run.

    Args:
        load: From the address of a file, or its name in one of mmengine's
            lists, to the content.
    """

    @wraps(load)
    def loader(filename: str, map_location: Any = None) -> dict:
        def fetch() -> dict:
            try:
                return load(filename, map_location=map_location)
            except (URLError, ConnectionError) as err:
                raise WeightsError(
                    f'cannot fetch {filename} ({err}): download it elsewhere '
                    'and name the file, e.g. with --cfg-options '
                    'model.network.backbone.init_cfg.checkpoint=FILE'
                ) from err

        content = load_safely(filename, fetch)
        _check_fetched(filename)
        check_weights(content, filename)
        return _without_config(content)

    return loader


def _check_fetched(address: str) -> None:
    """Refuse what torch keeps of an address if it has changed."""
    name = Path(urlparse(address).path).name
    cached = Path(get_dir(), 'checkpoints', name)
    if is_zipfile(cached):
        try:
            check_sums(cached)
        except WeightsError as err:
            raise WeightsError(
                f'{err}; delete it, and {address} is fetched again'
            ) from err


def load_from_store(filename: str, map_location: Any = None) -> dict:
    """Refuse what is in an object store.

    Raises:
        WeightsError: Always.
    """
    raise WeightsError(
        f'{filename} is not read from there: copy it to a disk and name that '
        'file'
    )


def _without_config(checkpoint: dict) -> dict:
    """A checkpoint without the text that mmengine's `resume` executes."""
    meta = checkpoint.get('meta')
    if isinstance(meta, dict):
        meta.pop('config', None)
    return checkpoint


_LOADERS: tuple[tuple[tuple[str, ...], Callable[..., dict]], ...] = (
    (('',), load_from_file),
    (('http://', 'https://'), fetched_safely(load_from_http)),
    (
        ('modelzoo://', 'torchvision://'),
        fetched_safely(load_from_torchvision),
    ),
    (('open-mmlab://', 'openmmlab://'), fetched_safely(load_from_openmmlab)),
    (('mmcls://',), fetched_safely(load_from_mmcls)),
    # mmengine's own loaders of these bring their own list of what is safe
    ((r'(\S+\:)?s3://', r'(\S+\:)?petrel://', 'pavi://'), load_from_store),
)
