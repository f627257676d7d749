import numpy as np
import pytest

from cosa_mmseg.apis.pseudo_labels.split import build_split, mask_reader
from tests.datasets.voc_tree import write_mask, write_xml

from .samples import (
    IMAGES,
    export_config,
    write_split,
)


@pytest.fixture
def root(tmp_path):
    write_split(tmp_path)
    return tmp_path


def test_the_split_goes_through_the_test_pipeline(root):
    dataset = build_split(export_config(root, scale=(16, 8)), 'train')
    infos = [dataset.get_data_info(i) for i in range(len(dataset))]
    assert [info['img_id'] for info in infos] == list(IMAGES)
    assert [info['gt_label'] for info in infos] == [
        [0],
        [1, 2],
        [],
        [2],
        [0, 2],
    ]
    packed = dataset[1]
    assert packed['inputs'].shape == (3, 8, 16)
    assert packed['data_samples'].ori_shape == (40, 20)
    assert 'gt_sem_seg' not in packed['data_samples']


def test_masks_are_read_apart_where_there_are_any(root):
    cfg = export_config(root)
    read = mask_reader(build_split(cfg, 'train'))
    assert all(read(img_id) is None for img_id in IMAGES)
    folder = str(root / 'masks')
    write_mask(root / 'masks' / 'a.png', np.array([[0, 3], [255, 0]]))
    dataset = build_split(cfg, 'train', folder)
    assert 'gt_sem_seg' not in dataset[0]['data_samples']
    read = mask_reader(dataset)
    assert read('a').tolist() == read('a').tolist() == [[0, 3], [255, 0]]
    assert read('c') is None
    cfg.train_dataloader.dataset.data_prefix.seg_map_path = 'masks'
    assert mask_reader(build_split(cfg, 'train'))('a').shape == (2, 2)


def test_masks_that_are_not_there_or_broken_are_named(root):
    cfg = export_config(root)
    with pytest.raises(NotADirectoryError, match='nowhere'):
        build_split(cfg, 'train', str(root / 'nowhere'))
    with pytest.raises(FileNotFoundError, match='has none of the 5 images'):
        build_split(cfg, 'train', str(root / 'JPEGImages' / '..'))
    read = mask_reader(build_split(cfg, 'train', str(root / 'masks')))
    (root / 'masks' / 'a.png').write_bytes(b'no picture')
    with pytest.raises(ValueError, match=r'masks/a.png is damaged'):
        read('a')


def test_an_image_without_a_label_is_named(root):
    (root / 'Annotations' / 'thin.xml').unlink()
    with pytest.raises(ValueError, match="'thin' of the train split has no"):
        build_split(export_config(root), 'train')


def test_an_unknown_class_is_named(root):
    write_xml(root / 'Annotations' / 'b.xml', ['comet'])
    with pytest.raises(ValueError, match="unknown class 'comet'"):
        build_split(export_config(root), 'train')


def test_an_image_listed_twice_counts_once(root):
    (root / 'train.txt').write_text('a\nb\na\n')
    dataset = build_split(export_config(root), 'train')
    names = [dataset.get_data_info(i)['img_id'] for i in range(len(dataset))]
    assert names == ['a', 'b']


def test_ids_that_differ_in_case_only_are_named(root):
    write_xml(root / 'Annotations/A.xml', IMAGES['a'][1])
    (root / 'train.txt').write_text('a\nb\nA\n')
    with pytest.raises(ValueError, match="image 'A' and image 'a' .*rename"):
        build_split(export_config(root), 'train')


def test_an_id_stays_below_the_folder(root):
    (root / 'train.txt').write_text('../a\n')
    cfg = export_config(root)
    cfg.train_dataloader.dataset.type = 'ImageLabelDataset'
    cfg.train_dataloader.dataset.label_file = 'labels.json'
    (root / 'labels.json').write_text('{"../a": ["star"]}')
    with pytest.raises(ValueError, match='must be a path below'):
        build_split(cfg, 'train')


def test_a_split_that_the_config_lacks_is_named(root):
    with pytest.raises(
        ValueError, match='small.json must have val_dataloader'
    ):
        build_split(export_config(root), 'val')
