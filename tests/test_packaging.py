"""The built package: what it holds, and that it works away from here."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from cosa_mmseg.version import __version__

ROOT = Path(__file__).resolve().parents[1]
# What a build reads.
SOURCES = (
    'CHANGELOG.md',
    'LICENSE',
    'MANIFEST.in',
    'README.md',
    'configs',
    'cosa_mmseg',
    'model-index.yml',
    'pyproject.toml',
    'setup.py',
    'tools',
)


def run(*command, cwd, **environment):
    """Runs Python with these arguments; returns what it printed."""
    done = subprocess.run(
        [sys.executable, *map(str, command)],
        cwd=cwd,
        env={**os.environ, 'OMP_NUM_THREADS': '1', **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    return done.stdout


def build_wheel(source, folder):
    run(
        *('-m', 'pip', 'wheel', '--no-index', '--no-deps'),
        *('--no-build-isolation', '--wheel-dir', folder, source),
        cwd=folder.parent,
    )
    (wheel,) = folder.glob('*.whl')
    return wheel


def files_below(*tops):
    """Relative paths of the checkout's files below these folders."""
    return {
        path.relative_to(ROOT).as_posix()
        for top in tops
        for path in (ROOT / top).rglob('*')
        if path.is_file() and '__pycache__' not in path.parts
    }


@pytest.fixture(scope='module')
def source(tmp_path_factory):
    """A copy of what the build reads: a build leaves files beside it."""
    folder = tmp_path_factory.mktemp('source') / 'checkout'
    folder.mkdir()
    for name in SOURCES:
        if (ROOT / name).is_dir():
            litter = shutil.ignore_patterns('__pycache__', '.mim')
            shutil.copytree(ROOT / name, folder / name, ignore=litter)
        else:
            shutil.copy(ROOT / name, folder / name)
    return folder


@pytest.fixture(scope='module')
def wheel(source, tmp_path_factory):
    """The wheel that is built from the source distribution."""
    folder = tmp_path_factory.mktemp('dist')
    backend = 'from setuptools import build_meta; build_meta.build_sdist'
    run('-c', f'{backend}({str(folder)!r})', cwd=source)
    (sdist,) = folder.glob('*.tar.gz')
    return build_wheel(sdist, folder)


@pytest.fixture(scope='module')
def site(wheel, tmp_path_factory):
    """A folder that the wheel is installed in."""
    folder = tmp_path_factory.mktemp('site')
    run(
        *('-m', 'pip', 'install', '--no-index', '--no-deps'),
        *('--target', folder, wheel),
        cwd=folder,
    )
    return folder


def test_wheel_holds_the_package_and_nothing_beside_it(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    info = f'cosa_mmseg-{__version__}.dist-info'
    assert {name.split('/')[0] for name in names} == {'cosa_mmseg', info}
    assert f'{info}/licenses/LICENSE' in names
    modules = {name for name in files_below('cosa_mmseg') if '/.' not in name}
    assert modules <= names


def test_wheel_ships_configs_tools_and_index(wheel):
    prefix = 'cosa_mmseg/.mim/'
    shipped = {
        name.removeprefix(prefix)
        for name in zipfile.ZipFile(wheel).namelist()
        if name.startswith(prefix)
    }
    expected = files_below('configs', 'tools') - files_below('tools/lab')
    assert shipped == expected | {'model-index.yml'}


def test_wheel_is_the_same_from_checkout_and_from_sdist(source, wheel):
    folder = source.parent / 'direct'
    folder.mkdir()
    direct = zipfile.ZipFile(build_wheel(source, folder))
    assert sorted(direct.namelist()) == sorted(
        zipfile.ZipFile(wheel).namelist()
    )


@pytest.mark.slow
def test_installed_package_is_complete_in_another_folder(site, tmp_path):
    script = (
        'from importlib.metadata import version\n'
        'from pathlib import Path\n'
        'from mmengine.config import Config\n'
        'import cosa_mmseg\n'
        'package = Path(cosa_mmseg.__file__).parent\n'
        'config = package / ".mim/configs/cosa/cosa_vit-b_voc.py"\n'
        'Config.fromfile(config)\n'
        'print(package, version("cosa_mmseg"))\n'
    )
    printed = run('-c', script, cwd=tmp_path, PYTHONPATH=str(site))
    last = printed.splitlines()[-1]
    assert last == f'{site / "cosa_mmseg"} {__version__}'


@pytest.mark.slow
def test_installed_package_trains_and_tests_in_another_folder(site, tmp_path):
    tools = site / 'cosa_mmseg' / '.mim' / 'tools'
    run(
        *('-m', 'cosa_mmseg', 'prepare', 'shapes', '--size', 48),
        *('--num-train', 8, '--num-eval', 2),
        cwd=tmp_path,
        PYTHONPATH=str(site),
    )
    options = (
        'default_hooks.checkpoint.interval=2',
        'model.network.backbone.init_cfg=None',
        'model.train_cfg.warmup_iters=1',
        'param_scheduler.warmup_iters=1',
        'train_cfg.max_iters=2',
        'train_cfg.total_batch_size=2',
        'train_cfg.val_interval=2',
        'train_dataloader.batch_size=2',
        *(
            f'{split}_dataloader.{option}'
            for split in ('train', 'val', 'test')
            for option in ('num_workers=0', 'persistent_workers=False')
        ),
    )
    run(
        *(tools / 'train.py', 'cosa_shapes.py'),
        *('--work-dir', 'out', '--cfg-options', *options),
        cwd=tmp_path,
        PYTHONPATH=str(site),
    )
    printed = run(
        *(tools / 'test.py', 'cosa_shapes.py', 'out/iter_2.pth'),
        *('--cfg-options', *options),
        cwd=tmp_path,
        PYTHONPATH=str(site),
    )
    assert 'mIoU_label_filtered' in printed
