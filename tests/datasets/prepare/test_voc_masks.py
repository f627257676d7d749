"""Masks of VOC, whole and broken."""

import numpy as np
import pytest
from mmseg.datasets import PascalVOCDataset
from PIL import Image

from cosa_mmseg.datasets.prepare.voc_masks import (
    mask_classes,
    read_mask,
)
from cosa_mmseg.utils.label_map import write_label_map

IDS = np.array([[*range(21), 255]] * 9, np.uint8)


def test_ids_and_colours(tmp_path):
    path = tmp_path / 'new' / 'a.png'

    write_label_map(path, IDS)

    np.testing.assert_array_equal(read_mask(path), IDS)
    colours = np.array(Image.open(path).convert('RGB'))[0].tolist()
    assert colours == [
        *PascalVOCDataset.METAINFO['palette'],
        [224, 224, 192],
    ]
    assert [p.name for p in path.parent.iterdir()] == ['a.png']


def test_classes():
    assert mask_classes(np.array([[0, 255], [0, 0]])) == []
    assert mask_classes(np.array([[20, 1], [15, 1]])) == [
        'aeroplane',
        'person',
        'tvmonitor',
    ]


def test_each_cut_of_a_png_file_is_named(tmp_path):
    path = tmp_path / 'a.png'
    write_label_map(path, np.resize(IDS, (60, 60)))
    content = path.read_bytes()
    end = content.rindex(b'IEND') - 8  # its length and the last sum
    for size in range(0, end, 11):
        path.write_bytes(content[:size])
        with pytest.raises(ValueError, match='a.png is broken or no PNG'):
            read_mask(path)


@pytest.mark.parametrize('mode', ['1', 'I;16', 'RGB', 'RGBA', 'LA'])
def test_other_modes_are_named(tmp_path, mode):
    Image.new(mode, (3, 2)).save(tmp_path / 'a.png')

    with pytest.raises(ValueError, match='neither palette nor grey'):
        read_mask(tmp_path / 'a.png')


def test_a_jpg_file_is_no_mask(tmp_path):
    Image.new('L', (3, 2)).save(tmp_path / 'a.png', format='JPEG')

    with pytest.raises(ValueError, match='broken or no PNG'):
        read_mask(tmp_path / 'a.png')


def test_a_missing_mask(tmp_path):
    with pytest.raises(FileNotFoundError, match='a.png'):
        read_mask(tmp_path / 'a.png')


def test_a_mask_that_grows_is_refused(tmp_path):
    Image.new('P', (5000, 5000)).save(tmp_path / 'a.png')
    with pytest.raises(ValueError, match='a.png .*5000 x 5000 pixels'):
        read_mask(tmp_path / 'a.png')
