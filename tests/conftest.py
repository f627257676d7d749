"""What every test starts from: no screen, a fixed seed, a clean mmengine."""

import itertools
import logging
import os
import random
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

import hypothesis
import matplotlib
import numpy as np
import pytest
import torch
from mmengine.logging import MMLogger
from mmengine.registry import Registry, root
from mmengine.utils import ManagerMixin

matplotlib.use('Agg')
# The same examples in each run: what fails, fails again.
hypothesis.settings.register_profile('repeatable', derandomize=True)
hypothesis.settings.load_profile('repeatable')
# Tensors are small here: threads cost more than they bring, several times as
# much where another process has the cores, and do not survive a fork.
torch.set_num_threads(1)
os.environ.setdefault('OMP_NUM_THREADS', '1')  # of what tests start
# Ctrl+C is ignored, also by what tests start, where a shell started the tests
# in the background.
signal.signal(signal.SIGINT, signal.default_int_handler)

ROOT_REGISTRIES = [
    entry for entry in vars(root).values() if isinstance(entry, Registry)
]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds the check of the marker ``slow``."""
    parser.addoption(
        '--list-slow',
        type=float,
        metavar='SECONDS',
        help='list what takes longer and is not marked slow',
    )


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Lists tests that should be marked ``slow``; fixtures count."""
    limit = config.getoption('list_slow')
    seconds = Counter()
    for report in itertools.chain(*terminalreporter.stats.values()):
        is_run = isinstance(report, pytest.TestReport)  # or deselected
        if is_run and 'slow' not in report.keywords:
            seconds[report.nodeid] += report.duration
    for test, taken in seconds.most_common():
        if limit and taken > limit:
            terminalreporter.line(f'not marked slow: {taken:.0f} s, {test}')


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skips tests marked ``gpu`` where there is no CUDA device."""
    if torch.cuda.is_available():
        return
    skip = pytest.mark.skip(reason='needs a CUDA device')
    for item in items:
        if item.get_closest_marker('gpu'):
            item.add_marker(skip)


@pytest.fixture(autouse=True)
def fixed_seed() -> None:
    """Gives each test the same random numbers, whatever ran before it."""
    random.seed(0)
    np.random.seed(0)
    torch.manual_seed(0)


@pytest.fixture(autouse=True, scope='module')
def isolated_module(request: pytest.FixtureRequest) -> Iterator[None]:
    """Undoes what a module leaves in mmengine and in the environment."""
    environment = mock.patch.dict(os.environ)
    with environment, isolated_mmengine(request.module.__name__):
        yield


@pytest.fixture(autouse=True)
def isolated_test(request: pytest.FixtureRequest) -> Iterator[None]:
    """Undoes what a test leaves in mmengine's global state."""
    with isolated_mmengine(request.module.__name__):
        yield


@contextmanager
def isolated_mmengine(module: str) -> Iterator[None]:
    """Restores scopes, hubs, loggers, visualizers and root registries.

    Of what was registered in between, only what ``module`` itself defines is
    taken out: an import is not repeated, so what it registers has to stay.
    """
    instances = {cls: dict(cls._instance_dict) for cls in _global_classes()}
    registered = [set(registry.module_dict) for registry in ROOT_REGISTRIES]
    yield
    for logger in MMLogger._instance_dict.values():
        if logger not in instances[MMLogger].values():
            _close_files(logger)
    for cls in _global_classes():
        cls._instance_dict.clear()
        cls._instance_dict.update(instances.get(cls, {}))
    for registry, names in zip(ROOT_REGISTRIES, registered, strict=True):
        for name in set(registry.module_dict) - names:
            if registry.module_dict[name].__module__ == module:
                del registry.module_dict[name]


def _global_classes() -> list[type]:
    """The classes that keep their instances, by name, for good."""
    classes = ManagerMixin.__subclasses__()
    for cls in classes:
        classes += cls.__subclasses__()
    return classes


def _close_files(logger: logging.Logger) -> None:
    for handler in logger.handlers:
        if isinstance(handler, logging.FileHandler):
            handler.close()
