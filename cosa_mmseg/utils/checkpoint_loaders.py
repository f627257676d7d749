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
from torch.hub import get_dir

from .weight_checks import check_sums, check_weights
from .weights import WeightsError, load_safely, read_weights

_LOCK = RLock()  # of the table of loaders, which all threads share
# mmengine's own loaders of these bring their own list of what is safe
_STORES = ('s3:', 'petrel:', 'pavi:')


@contextmanager
def safe_loaders() -> Iterator[None]:
    """Have mmengine's functions read checkpoints safely within the block.

    Other threads that enter it wait; it may be entered several times.  It
    decorates functions too.
    """
    with _LOCK:
        others = CheckpointLoader._schemes
        CheckpointLoader._schemes = {
            prefix: _make_safe(prefix, load) for prefix, load in others.items()
        }
        try:
            yield
        finally:
            CheckpointLoader._schemes = others


def load_safely_in(runner: Runner) -> None:
    """Have a runner read checkpoints and pretrained weights safely."""
    for name in ('load_checkpoint', '_init_model_weights'):
        setattr(runner, name, safe_loaders()(getattr(runner, name)))


def _make_safe(prefix: str, load: Callable[..., dict]) -> Callable[..., dict]:
    """Return what reads safely in the place of a loader of mmengine.

    Args:
        prefix: How the names of its files begin, a regular expression; empty
            for local files.
        load: From the address of a file, or its name in one of mmengine's
            lists, to the content.
    """
    if not prefix:
        return _load_from_file
    if any(store in prefix for store in _STORES):
        return _refuse
    load = getattr(load, '__wrapped__', load)  # in a block within a block

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


def _load_from_file(filename: str, map_location: Any = None) -> dict:
    """Read a local file, on the CPU, whatever the device."""
    return _without_config(read_weights(Path(filename).expanduser()))


def _refuse(filename: str, map_location: Any = None) -> dict:
    """Refuse what is in an object store."""
    raise WeightsError(
        f'{filename} is not read from there: copy it to a disk and name that '
        'file'
    )


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


def _without_config(checkpoint: dict) -> dict:
    """A checkpoint without the text that mmengine's `resume` executes."""
    meta = checkpoint.get('meta')
    if isinstance(meta, dict):
        meta.pop('config', None)
    return checkpoint
