"""What is said, at import, of required packages."""

import re
import subprocess
import sys
from importlib.machinery import ModuleSpec
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from cosa_mmseg.utils import requirements
from cosa_mmseg.utils.requirements import REQUIREMENTS, check_requirements

ROOT = Path(__file__).resolve().parents[2]

PACKAGES = {
    'defusedxml': '0.7.1',
    'jinja2': '3.1.6',
    'numpy': '2.2.6',
    'torch': '2.8.0+cu128',
    'torchvision': '0.23.0',
    'safetensors': '0.6.2',
    'onedl-mmengine': '0.10.12',
    'onedl-mmcv': '2.3.6',
    'onedl-mmsegmentation': '1.4.2',
    'onedl-mmpretrain': '1.3.6',
    'openpyxl': '3.1.5',
    'timm': '1.0.20',
}


@pytest.fixture
def install(monkeypatch):
    """Returns a function that pretends that just some packages are there."""

    def pretend(packages, modules=REQUIREMENTS):
        def version(name):
            if name in packages:
                return packages[name]
            raise PackageNotFoundError(name)

        def find_spec(name):
            return ModuleSpec(name, None, origin=modules.get(name))

        monkeypatch.setattr(requirements, 'version', version)
        monkeypatch.setattr(requirements, 'find_spec', find_spec)
        monkeypatch.setattr(requirements, 'distributions', lambda: [])

    return pretend


@pytest.fixture
def add(tmp_path, monkeypatch):
    """Returns a function that adds what pip records of a package."""

    def add(name, number, *modules, prefix=''):
        folder = prefix + name.replace('-', '_')
        info = tmp_path / f'{folder}-{number}.dist-info'
        info.mkdir()
        (info / 'METADATA').write_text(f'Name: {name}\nVersion: {number}\n')
        (info / 'top_level.txt').write_text('\n'.join(modules))
        monkeypatch.syspath_prepend(tmp_path)

    return add


def test_this_environment_is_complete():
    check_requirements()


def test_missing_package_is_named_with_its_cure(install):
    modules = {k: v for k, v in REQUIREMENTS.items() if k != 'mmengine'}
    packages = {k: v for k, v in PACKAGES.items() if k != 'onedl-mmengine'}
    install(packages, modules)
    with pytest.raises(ImportError) as raised:
        check_requirements()
    assert str(raised.value) == (
        'cosa_mmseg needs onedl-mmengine>=0.10.12, found none: '
        'pip install "onedl-mmengine>=0.10.12"'
    )


@pytest.mark.parametrize(
    ('original', 'module', 'wanted'),
    [
        ('mmengine', 'mmengine', 'onedl-mmengine'),
        ('mmengine-lite', 'mmengine', 'onedl-mmengine'),
        ('mmcv', 'mmcv', 'onedl-mmcv'),
        ('mmcv-full', 'mmcv', 'onedl-mmcv'),
        ('mmsegmentation', 'mmseg', 'onedl-mmsegmentation'),
        ('mmpretrain', 'mmpretrain', 'onedl-mmpretrain'),
    ],
)
def test_original_beside_the_maintained_one(add, original, module, wanted):
    add(original, '1.2.3', module)
    asked = REQUIREMENTS[module]
    with pytest.raises(ImportError) as raised:
        check_requirements()
    assert str(raised.value) == (
        f'cosa_mmseg needs {asked}, found {original} 1.2.3 in its folder: '
        f'pip uninstall --yes {original} {wanted} && pip install "{asked}"'
    )


def test_all_originals_share_one_sentence(add):
    add('mmcv', '2.1.0', 'mmcv')
    add('mmcv_lite', '2.2.0', 'mmcv')
    add('mmsegmentation', '1.2.2', 'mmseg', 'tests')
    with pytest.raises(ImportError) as raised:
        check_requirements()
    told, command = str(raised.value).split(': ')
    assert told == (
        'cosa_mmseg needs onedl-mmcv>=2.3.6, found mmcv 2.1.0 and mmcv_lite '
        '2.2.0 in its folder; onedl-mmsegmentation>=1.4.2, found '
        'mmsegmentation 1.2.2 in its folder'
    )
    remove, install = command.split(' && ')
    assert remove == (
        'pip uninstall --yes mmcv mmcv_lite onedl-mmcv mmsegmentation '
        'onedl-mmsegmentation'
    )
    assert install == (
        'pip install "onedl-mmcv>=2.3.6" "onedl-mmsegmentation>=1.4.2"'
    )


def test_what_shares_no_folder_will_do(add):
    add('mmdet', '3.3.0', 'mmdet')
    add('onedl-mmcv-cu128-torch2-8', '2.3.1', 'mmcv')
    add('mmengine', '0.10.7', 'mmengine', prefix='~')  # half removed
    check_requirements()


def test_files_that_another_removal_took_are_missed(install):
    install(PACKAGES, {**REQUIREMENTS, 'mmcv': None})  # an empty folder
    with pytest.raises(ImportError) as raised:
        check_requirements()
    assert str(raised.value) == (
        'cosa_mmseg needs onedl-mmcv>=2.3.6, found 2.3.6 without its files: '
        'pip uninstall --yes onedl-mmcv && pip install "onedl-mmcv>=2.3.6"'
    )


def test_all_problems_share_one_sentence(install):
    install({**PACKAGES, 'torch': '1.13.1+cu117', 'onedl-mmcv': '2.0.9'})
    with pytest.raises(ImportError) as raised:
        check_requirements()
    assert str(raised.value) == (
        'cosa_mmseg needs torch>=2.3, found 1.13.1+cu117; '
        'onedl-mmcv>=2.3.6, found 2.0.9: '
        'pip install "torch>=2.3" "onedl-mmcv>=2.3.6"'
    )


@pytest.mark.parametrize(
    ('found', 'enough'),
    [
        ('2.3', True),
        ('2.3.0rc1', True),
        ('2.10.0', True),
        ('10.0', True),
        ('2.2.99', False),
        ('2', False),
        ('unknown', False),
    ],
)
def test_versions_are_compared_as_numbers(install, found, enough):
    install({**PACKAGES, 'torch': found})
    if enough:
        check_requirements()
    else:
        with pytest.raises(ImportError, match='torch>=2.3, found'):
            check_requirements()


def test_source_tree_without_metadata_will_do(install):
    install({k: v for k, v in PACKAGES.items() if k != 'onedl-mmcv'})
    check_requirements()


def listed(key):
    """What the list of this name in pyproject.toml holds."""
    text = (ROOT / 'pyproject.toml').read_text()
    block = re.search(rf'^{key} = \[(.*?)\]$', text, re.M | re.S)
    assert block is not None
    return set(re.findall(r"'([^']+)'", block[1]))


def test_package_metadata_asks_for_the_same():
    assert listed('dependencies') == set(REQUIREMENTS.values())


def test_import_without_packages_says_so_first():
    """-S leaves site-packages out: nothing but the standard library."""
    done = subprocess.run(
        [sys.executable, '-E', '-S', '-c', 'import cosa_mmseg'],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith('ImportError: cosa_mmseg needs numpy>=1.23, found')
    assert last.count('found none') == len(REQUIREMENTS)
