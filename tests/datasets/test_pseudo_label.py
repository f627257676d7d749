"""A data set of exported pseudo labels, which refuses anything else."""

import json
import re
import shutil

import numpy as np
import pytest
import torch
from mmengine.registry import DATASETS, init_default_scope
from PIL import Image

from cosa_mmseg.apis.pseudo_labels import export_pseudo_labels
from cosa_mmseg.datasets import PseudoLabelDataset
from tests.apis.pseudo_labels.samples import (
    CLASSES,
    IMAGES,
    PALETTE,
    export_config,
    trained_model,
    write_split,
)

PIPELINE = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations'),
    dict(type='PackSegInputs'),
]
# of a label one pixel wide mmseg's LoadAnnotations makes a vector
IDS = [img_id for img_id in IMAGES if img_id != 'thin']


@pytest.fixture(scope='module')
def exported(tmp_path_factory):
    """A folder with `data`, images and masks, and `out`, an export of it."""
    root = tmp_path_factory.mktemp('exported')
    data = root / 'data'
    write_split(data)
    (data / 'train.txt').write_text('\n'.join(IDS))
    torch.save(dict(state_dict=trained_model().state_dict()), root / 'a.pth')
    export_pseudo_labels(export_config(data), root / 'a.pth', root / 'out')
    return root


@pytest.fixture
def root(exported, tmp_path, monkeypatch):
    """A copy to spoil, which is the working folder."""
    init_default_scope('mmseg')
    shutil.copytree(exported, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def build(**settings):
    """The data set of the copy."""
    defaults = dict(
        type='PseudoLabelDataset',
        label_root='out',
        data_root='data',
        data_prefix=dict(img_path='JPEGImages'),
        img_suffix='.png',
        pipeline=PIPELINE,
    )
    return DATASETS.build({**defaults, **settings})


def read(path):
    return np.array(Image.open(path))


@pytest.mark.parametrize('kind', ['seg', 'cam'])
def test_samples_are_images_and_labels_of_the_export(root, kind):
    dataset = build(kind=kind)
    assert isinstance(dataset, PseudoLabelDataset)
    assert len(dataset) == len(IDS)
    for sample, img_id in zip(dataset, IDS, strict=True):
        label = sample['data_samples'].gt_sem_seg.data[0].numpy()
        assert np.array_equal(label, read(f'out/{kind}/{img_id}.png'))
        bgr = sample['inputs'].permute(1, 2, 0).numpy()
        image = read(f'data/JPEGImages/{img_id}.png')
        assert np.array_equal(bgr[..., ::-1], image)
    labels = [read(f'out/{other}/a.png') for other in ('cam', 'seg')]
    assert not np.array_equal(*labels)  # so that the test can tell


def test_no_mask_is_named_or_needed(root):
    shutil.rmtree('data/masks')
    dataset = build(data_prefix=dict(img_path='JPEGImages', seg_map_path='x'))
    for index, img_id in enumerate(IDS):
        info = dataset.get_data_info(index)
        assert info['seg_map_path'] == f'out/seg/{img_id}.png'
        assert info['img_id'] == img_id
        dataset[index]


def test_classes_are_those_of_the_export_unless_named(root):
    assert build().metainfo['classes'] == list(CLASSES)
    metainfo = dict(classes=CLASSES, palette=PALETTE)
    dataset = build(metainfo=metainfo)
    assert dataset.metainfo['classes'] == CLASSES
    assert dataset.metainfo['palette'] == PALETTE


def test_other_classes_are_refused(root):
    with pytest.raises(ValueError, match=r"'star'.*but.*'aeroplane'.*set"):
        build(classes_of='VOCImageLabelDataset')
    swapped = ('background', 'moon', 'star', 'sun')
    with pytest.raises(ValueError, match='are of the classes'):
        build(metainfo=dict(classes=swapped))
    for name in ('Nonsense', 'ImageLabelDataset'):
        with pytest.raises(ValueError, match=f"classes_of='{name}' is no"):
            build(classes_of=name)


def test_images_of_any_kind_are_looked_up(root):
    Image.open('data/JPEGImages/c.png').save('data/JPEGImages/c.webp')
    (root / 'data/JPEGImages/c.png').unlink()
    dataset = build(img_suffix=None)
    names = [dataset.get_data_info(i)['img_path'] for i in range(len(IDS))]
    assert names[-1] == 'data/JPEGImages/c.webp'
    assert names[0] == 'data/JPEGImages/a.png'


@pytest.mark.parametrize('folder', ['data', 'nowhere', 'a.pth'])
def test_a_folder_of_masks_is_refused_and_the_exporter_named(root, folder):
    # as if masks were laid out like an export
    shutil.copytree('data/masks', 'data/seg')
    shutil.copy('out/summary.json', 'data/summary.json')
    command = f'cosa pseudo-labels CONFIG CHECKPOINT --out {folder}'
    with pytest.raises(FileNotFoundError, match=re.escape(command)) as error:
        build(label_root=folder)
    assert 'it has no manifest.json' in str(error.value)
    with pytest.raises(FileNotFoundError, match='manifest'):
        build(label_root=folder, metainfo=dict(classes=CLASSES))


def test_an_unfinished_export_is_refused(root):
    (root / 'out/summary.json').unlink()
    with pytest.raises(FileNotFoundError, match=r'no summary\.json'):
        build()


def test_a_kind_that_was_not_exported_is_refused(root):
    path = root / 'out/manifest.json'
    manifest = json.loads(path.read_text())
    path.write_text(json.dumps({**manifest, 'which': ['cam']}))
    with pytest.raises(ValueError, match='export with --which seg'):
        build()
    with pytest.raises(ValueError, match=r"\('cam', 'seg'\), but is 'masks'"):
        build(kind='masks')


def test_a_missing_label_is_named(root):
    (root / 'out/seg/c.png').unlink()
    with pytest.raises(
        FileNotFoundError, match=r'1 of the 4 images .*out/seg/c\.png: repeat'
    ):
        build()


def test_nothing_is_scored_with_pseudo_labels(root):
    with pytest.raises(ValueError, match='a score needs masks'):
        build(test_mode=True)
