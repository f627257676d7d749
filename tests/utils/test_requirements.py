"""What is said, at import, of required packages."""

import re
import subprocess
import sys
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from cosa_mmseg.utils import requirements
from cosa_mmseg.utils.requirements import REQUIREMENTS, check_requirements

ROOT = Path(__file__).resolve().parents[2]

MAINTAINED = {
    'numpy': '2.2.6',
    'torch': '2.8.0+cu128',
    'torchvision': '0.23.0',
    'safetensors': '0.6.2',
    'onedl-mmengine': '0.10.12',
    'onedl-mmcv': '2.3.6',
    'onedl-mmsegmentation': '1.4.2',
    'onedl-mmpretrain': '1.3.6',
}
ORIGINAL = {
    'numpy': '1.26.4',
    'torch': '2.1.0',
    'torchvision': '0.16.0',
    'safetensors': '0.4.5',
    'mmengine': '0.10.7',
    'mmcv': '2.1.0',
    'mmsegmentation': '1.2.2',
    'mmpretrain': '1.2.0',
}


@pytest.fixture
def install(monkeypatch):
    """Returns a function that pretends that just some packages are there."""

    def pretend(distributions, modules=None):
        modules = modules or {}

        def version(name):
            if name in distributions:
                return distributions[name]
            raise PackageNotFoundError(name)

        def find_spec(name):
            return object() if name in modules else None

        monkeypatch.setattr(requirements, 'version', version)
        monkeypatch.setattr(requirements, 'find_spec', find_spec)
        monkeypatch.setattr(
            requirements, 'packages_distributions', lambda: modules
        )

    return pretend


def test_this_environment_is_complete():
    check_requirements()


@pytest.mark.parametrize('line', [MAINTAINED, ORIGINAL])
def test_either_line_of_packages_will_do(install, line):
    install(line)
    check_requirements()


def test_missing_package_is_named_with_its_cure(install):
    install({k: v for k, v in MAINTAINED.items() if k != 'onedl-mmengine'})
    with pytest.raises(ImportError) as raised:
        check_requirements()
    assert str(raised.value) == (
        'cosa_mmseg needs onedl-mmengine>=0.10.12, found none: '
        'pip install "onedl-mmengine>=0.10.12"'
    )


def test_missing_package_is_had_from_the_line_of_the_others(install):
    install({k: v for k, v in ORIGINAL.items() if k != 'mmpretrain'})
    with pytest.raises(ImportError) as raised:
        check_requirements()
    assert str(raised.value) == (
        'cosa_mmseg needs mmpretrain>=1.2, found none: '
        'pip install "mmpretrain>=1.2"'
    )


@pytest.mark.parametrize('found', ['2.0.1', '2.2.0'])
def test_package_is_replaced_within_its_line(install, found):
    install({**ORIGINAL, 'mmcv': found})
    with pytest.raises(ImportError) as raised:
        check_requirements()
    assert str(raised.value) == (
        f'cosa_mmseg needs mmcv>=2.1,<2.2, found {found}: '
        'pip install "mmcv>=2.1,<2.2"'
    )


def test_lines_are_not_mixed(install):
    mixed = {k: v for k, v in MAINTAINED.items() if k != 'onedl-mmcv'}
    mixed['mmcv'] = '2.1.0'
    install(mixed, modules={'mmcv': ['mmcv']})
    with pytest.raises(ImportError) as raised:
        check_requirements()
    assert str(raised.value) == (
        'cosa_mmseg needs onedl-mmcv>=2.3.6, found mmcv: '
        'pip install "onedl-mmcv>=2.3.6"'
    )


def test_package_without_ops_is_told_apart(install):
    lite = {k: v for k, v in ORIGINAL.items() if k != 'mmcv'}
    lite['mmcv-lite'] = '2.1.0'
    install(lite, modules={'mmcv': ['mmcv-lite']})
    with pytest.raises(ImportError, match='mmcv>=2.1,<2.2, found mmcv-lite:'):
        check_requirements()


def test_old_torch_and_new_numpy_do_not_go_together(install):
    install({**ORIGINAL, 'numpy': '2.2.6'})
    with pytest.raises(ImportError) as raised:
        check_requirements()
    assert str(raised.value) == (
        'cosa_mmseg needs numpy<2, found 2.2.6 beside torch 2.1.0: '
        'pip install "numpy<2"'
    )
    install({**ORIGINAL, 'numpy': '2.2.6', 'torch': '2.4.1'})
    check_requirements()


def test_all_problems_share_one_sentence(install):
    install({**MAINTAINED, 'torch': '1.13.1+cu117', 'onedl-mmcv': '2.0.9'})
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
    install({**MAINTAINED, 'torch': found})
    if enough:
        check_requirements()
    else:
        with pytest.raises(ImportError, match='torch>=2.3, found'):
            check_requirements()


def test_source_tree_without_metadata_will_do(install):
    known = {k: v for k, v in MAINTAINED.items() if k != 'onedl-mmcv'}
    install(known, modules={'mmcv': []})
    check_requirements()


def listed(key):
    """What the list of this name in pyproject.toml holds."""
    text = (ROOT / 'pyproject.toml').read_text()
    block = re.search(rf'^{key} = \[(.*?)\]$', text, re.M | re.S)
    assert block is not None
    return set(re.findall(r"'([^']+)'", block[1]))


def names(wanted):
    return {re.split(r'[<>=\[]', one, maxsplit=1)[0] for one in wanted}


def test_package_metadata_asks_for_the_same():
    assert listed('dependencies') == {
        requirement.maintained for requirement in REQUIREMENTS
    }


def test_original_line_is_tested_with_all_that_the_tests_need():
    """But for mmcv, which the Makefile compiles afterwards."""
    lines = (ROOT / 'tests/package_lines/original.txt').read_text()
    needed = [requirement.of_line(True) for requirement in REQUIREMENTS]
    needed += [*listed('test'), *listed('coco'), *listed('timm')]
    assert names(needed) - {'cosa_mmseg', 'mmcv'} <= names(lines.splitlines())


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
