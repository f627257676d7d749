import pytest

from cosa_mmseg.config import config_path
from cosa_mmseg.config.config_path import find_config, weights_beside


@pytest.fixture
def packaged(tmp_path, monkeypatch):
    """A package whose configs hold `cosa/voc.py` and a base."""
    installed, checkout = tmp_path / '.mim/configs', tmp_path / 'configs'
    monkeypatch.setattr(config_path, 'CONFIG_FOLDERS', (installed, checkout))
    for name in ('cosa/voc.py', '_base_/voc.py', '_base_/runtime.py'):
        (installed / name).parent.mkdir(parents=True, exist_ok=True)
        (installed / name).touch()
    return installed


def test_existing_file_is_taken_as_it_is(packaged, tmp_path, monkeypatch):
    (tmp_path / 'voc.py').touch()
    monkeypatch.chdir(tmp_path)
    assert find_config('voc.py') == 'voc.py'


@pytest.mark.parametrize(
    'name', ['configs/cosa/voc.py', 'cosa/voc.py', 'cosa/voc', 'voc.py', 'voc']
)
def test_packaged_config(packaged, name):
    assert find_config(name) == str(packaged / 'cosa/voc.py')


def test_checkout_is_looked_at_too(packaged, tmp_path):
    other = tmp_path / 'configs/cosa/coco.py'
    other.parent.mkdir(parents=True)
    other.touch()
    assert find_config('coco') == str(other)


@pytest.mark.parametrize(
    ('name', 'words'),
    [
        ('a.csv', 'a.csv is no config: its suffix must be .py, .json'),
        ('work', "'work' is no config, but a folder: name"),
        ('', "'' is no config, but empty"),
    ],
)
def test_what_is_no_config(packaged, tmp_path, monkeypatch, name, words):
    (tmp_path / 'a.csv').touch()
    (tmp_path / 'work').mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises((OSError, ValueError), match=words):
        find_config(name)


def test_unknown_config_names_close_ones(packaged):
    message = "no config 'cosa/vok.py'.*did you mean cosa/voc.py"
    with pytest.raises(FileNotFoundError, match=message):
        find_config('cosa/vok.py')
    with pytest.raises(FileNotFoundError, match='configs$'):
        find_config('runtime.py')


def test_weights_beside_a_config(packaged):
    assert weights_beside('voc') is None
    (packaged / 'cosa/voc.pth').touch()
    assert weights_beside('voc') == str(packaged / 'cosa/voc.pth')
    (packaged / 'cosa/voc.safetensors').touch()
    for name in ('voc', 'cosa/voc.py'):
        found = weights_beside(name)
        assert found == str(packaged / 'cosa/voc.safetensors')
    assert weights_beside('unknown') is None
