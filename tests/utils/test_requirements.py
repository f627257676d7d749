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
    'safetensors': '0.5.0',
    'onedl-mmengine': '0.10.12',
    'onedl-mmcv': '2.3.6',
    'onedl-mmsegmentation': '1.4.2',
    'onedl-mmpretrain': '1.3.6',
}
ORIGINAL = {
    'numpy': '1.26.4',
    'torch': '2.1.0',
    'torchvision': '0.16.0',
    'safetensors': '0.4.0',
    'mmengine': '0.10.7',
    'mmcv': '2.1.0',
    'mmsegmentation': '1.2.2',
    'mmpretrain': '1.2.0',
}


@pytest.fixture
def install(monkeypatch):
    """Returns a function that pretends that just some packages are there."""

    def pretend(distributions, modules=()):
        def version(name):
            if name in distributions:
                return distributions[name]
            raise PackageNotFoundError(name)

        def find_spec(name):
            return object() if name in modules else None

        monkeypatch.setattr(requirements, 'version', version)
        monkeypatch.setattr(requirements, 'find_spec', find_spec)

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
        'cosa_mmseg needs mmengine>=0.10.7, found none: '
        'pip install "onedl-mmengine>=0.10.12"'
    )


def test_old_package_is_renewed_within_its_line(install):
    install({**ORIGINAL, 'mmcv': '2.0.1'})
    with pytest.raises(ImportError) as raised:
        check_requirements()
    assert str(raised.value) == (
        'cosa_mmseg needs mmcv>=2.1, found 2.0.1: pip install "mmcv>=2.1"'
    )


def test_all_problems_share_one_sentence(install):
    install({**MAINTAINED, 'torch': '1.13.1+cu117', 'onedl-mmcv': '2.0.9'})
    with pytest.raises(ImportError) as raised:
        check_requirements()
    assert str(raised.value) == (
        'cosa_mmseg needs torch>=2.1, found 1.13.1+cu117; '
        'mmcv>=2.1, found 2.0.9: '
        'pip install "torch>=2.1" "onedl-mmcv>=2.3.6"'
    )


@pytest.mark.parametrize(
    ('found', 'enough'),
    [
        ('2.1', True),
        ('2.1.0rc1', True),
        ('2.10.0', True),
        ('10.0', True),
        ('2.0.99', False),
        ('2', False),
        ('unknown', False),
    ],
)
def test_versions_are_compared_as_numbers(install, found, enough):
    install({**MAINTAINED, 'torch': found})
    if enough:
        check_requirements()
    else:
        with pytest.raises(ImportError, match='torch>=2.1, found'):
            check_requirements()


def test_source_tree_without_metadata_will_do(install):
    known = {k: v for k, v in MAINTAINED.items() if k != 'onedl-mmcv'}
    install(known, modules=['mmcv'])
    check_requirements()


def test_package_metadata_asks_for_the_same():
    text = (ROOT / 'pyproject.toml').read_text()
    block = re.search(r'^dependencies = \[(.*?)^\]', text, re.M | re.S)
    assert block is not None
    assert set(re.findall(r"'([^']+)'", block[1])) == {
        requirement.install for requirement in REQUIREMENTS
    }


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
