import numpy as np
import pytest
from PIL import Image

from tests.datasets.voc_tree import write_voc

from .calls import cosa

CONFIG = 'cosa/cosa_vit-b_voc.py'


@pytest.fixture
def browse(tmp_path, monkeypatch):
    """Runs the tool on a VOC tree of four images in the working folder."""
    names = {f'2007_{i}': ['cat'] for i in range(4)}
    root = write_voc(tmp_path / 'voc', names, split='train_aug')
    write_voc(root, {'v': ['cow']}, masks=True, split='val')
    monkeypatch.chdir(tmp_path)

    def run(*args, split='train'):
        key = f'{split}_dataloader.dataset.data_root={root}'
        cosa('browse', CONFIG, '--split', split, *args, '--cfg-options', key)
        return root

    return run


def test_pictures_are_spread_over_the_set(browse, tmp_path, capfd):
    browse('--num', '2', '--out', 'out')
    names = sorted(path.name for path in (tmp_path / 'out').iterdir())
    assert names == ['000000_2007_0.png', '000003_2007_3.png']
    assert '2 of 4 samples are drawn in out' in capfd.readouterr().out


def test_default_folder_and_more_than_there_are(browse, tmp_path):
    browse(split='val')
    out = tmp_path / 'work_dirs' / 'cosa_vit-b_voc' / 'browse_val'
    assert [path.name for path in out.iterdir()] == ['000000_v.png']


def test_the_pictures_are_the_same_in_each_run(browse, tmp_path):
    for out in ('one', 'two'):
        browse('--num', '1', '--out', out)
        np.random.rand(3)
    one, two = (
        np.asarray(Image.open(tmp_path / out / '000000_2007_0.png'))
        for out in ('one', 'two')
    )
    np.testing.assert_array_equal(one, two)


def test_wrong_input_ends_in_a_sentence(browse, tmp_path):
    with pytest.raises(SystemExit, match='error: at least 1 sample'):
        browse('--num', '0')
    (tmp_path / 'out').mkdir()
    with pytest.raises(SystemExit, match='error: out exists'):
        browse('--num', '1', '--out', 'out')
    (tmp_path / 'voc' / 'JPEGImages' / 'v.jpg').write_bytes(b'')
    with pytest.raises(SystemExit, match='error: .*v.jpg'):
        browse('--out', 'new', split='val')
    assert not (tmp_path / 'new').exists()


def test_a_config_without_the_split(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'bare.py').write_text('val_dataloader = None\n')
    for split in ('val', 'test'):
        with pytest.raises(SystemExit, match=f'bare.py has no {split}_datalo'):
            cosa('browse', 'bare.py', '--split', split)
