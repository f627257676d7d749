import numpy as np
import pytest

from cosa_mmseg.apis.pseudo_labels import compare_folders
from cosa_mmseg.utils.label_map import write_label_map
from tests.cli.calls import cosa


@pytest.fixture
def folders(tmp_path):
    for name, kinds in (('a', ('cam', 'seg')), ('b', ('cam',))):
        for kind in kinds:
            (tmp_path / name / kind).mkdir(parents=True)
            label = np.zeros((4, 5), np.uint8)
            write_label_map(tmp_path / name / kind / 'x.png', label)
            label[0, :2] = 255 if name == 'a' else 1
            write_label_map(tmp_path / name / kind / 'y.png', label)
    return tmp_path / 'a', tmp_path / 'b'


def test_share_of_equal_pixels(folders):
    assert compare_folders(*folders) == {'cam': 38 / 40}


def test_an_image_that_one_lacks(folders, capsys):
    (folders[1] / 'cam' / 'x.png').unlink()
    with pytest.raises(SystemExit, match='error: image x is in one of'):
        cosa('compare', *folders)


def test_labels_of_other_images_are_refused(folders):
    write_label_map(folders[1] / 'cam' / 'x.png', np.zeros((4, 1), np.uint8))
    with pytest.raises(SystemExit, match=r'^error: .*image x are \(4, 5\)'):
        cosa('compare', *folders)


def test_exports_that_have_not_begun(tmp_path):
    for name in 'ab':
        (tmp_path / name / 'seg').mkdir(parents=True)
    with pytest.raises(FileNotFoundError, match='has a label'):
        compare_folders(tmp_path / 'a', tmp_path / 'b')


def test_no_kind_in_common(folders, tmp_path):
    with pytest.raises(FileNotFoundError, match='no kind of pseudo labels'):
        compare_folders(folders[0], tmp_path / 'none')


def test_the_command(folders, capsys):
    cosa('compare', *folders)
    assert capsys.readouterr().out == 'cam\t95.00\n'
