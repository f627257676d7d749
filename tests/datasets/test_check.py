"""The pass over all files of a config's data sets."""

import numpy as np
import pytest
from mmengine.config import Config
from mmengine.registry import DATASETS, init_default_scope
from PIL import Image

from cosa_mmseg.datasets import CheckedSegDataset
from cosa_mmseg.datasets.bad_files import BadFileError
from cosa_mmseg.datasets.check import _pass_over, check_data


def find_bad_files(dataset, num_workers=0):
    samples = _pass_over(dataset, num_workers, '')
    return [fault for fault, _ in samples if fault is not None]


LOAD = [dict(type='LoadImageFromFile'), dict(type='LoadAnnotations')]


@pytest.fixture
def tree(tmp_path):
    """Images and masks 0 to 5, of which 1, 3 and 4 are bad."""
    init_default_scope('mmseg')
    for folder in ('img', 'mask'):
        (tmp_path / folder).mkdir()
    for i in range(6):
        Image.new('RGB', (6, 4)).save(tmp_path / 'img' / f'{i}.png')
        mask = np.array([[0, 1, 255]] * 4).repeat(2, 1)
        Image.fromarray(mask.astype(np.uint8)).save(
            tmp_path / 'mask' / f'{i}.png'
        )
    (tmp_path / 'img' / '1.png').write_bytes(b'')
    Image.new('L', (6, 4), 9).save(tmp_path / 'mask' / '3.png')
    Image.new('L', (5, 4)).save(tmp_path / 'mask' / '4.png')
    (tmp_path / 'list.txt').write_text('\n'.join('012345'))
    return tmp_path


def settings(tree, pipeline=LOAD, **kwargs):
    return dict(
        ann_file='list.txt',
        data_root=str(tree),
        data_prefix=dict(img_path='img', seg_map_path='mask'),
        img_suffix='.png',
        metainfo=dict(classes=('background', 'cat')),
        pipeline=pipeline,
        **kwargs,
    )


@pytest.mark.parametrize('num_workers', [0, 2])
def test_all_bad_files_are_found_in_order(tree, num_workers):
    dataset = CheckedSegDataset(**settings(tree, test_mode=True))
    faults = find_bad_files(dataset, num_workers)
    assert len(faults) == 3
    assert faults[0].startswith(f'{tree}/img/1.png is empty')
    assert faults[1].startswith(f'{tree}/mask/3.png holds the ids [9], but')
    assert faults[2].startswith(f'{tree}/mask/4.png has the shape (4, 5)')


def test_the_whole_pipeline_is_run(tree):
    # masks are compared before they are resized
    resize = dict(type='Resize', scale=(3, 3), keep_ratio=True)
    dataset = CheckedSegDataset(**settings(tree, [*LOAD, resize]))
    assert len(find_bad_files(dataset)) == 3
    Image.new('RGB', (600, 1)).save(tree / 'img' / '2.png')
    steps = [LOAD[0], resize]
    faults = find_bad_files(
        CheckedSegDataset(
            **dict(settings(tree, steps), data_prefix=dict(img_path='img'))
        )
    )
    assert len(faults) == 2
    assert '2.png can be read, but a step of the pipeline fails' in faults[1]


def config(**datasets):
    """A config of these data sets, as far as the check reads it."""
    loaders = {
        f'{split}_dataloader': dict(num_workers=0, dataset=dataset)
        for split, dataset in datasets.items()
    }
    return Config(dict(default_scope='mmseg', **loaders))


@pytest.fixture
def registered():
    """CheckedSegDataset by its name, for configs."""
    DATASETS.register_module(module=CheckedSegDataset)
    yield 'CheckedSegDataset'
    DATASETS.module_dict.pop('CheckedSegDataset')


def test_training_and_evaluation_are_checked(tree, registered, capfd):
    train = dict(type=registered, **settings(tree, LOAD[:1]))
    val = dict(type=registered, **settings(tree, test_mode=True))
    before = sorted(tree.rglob('*'))
    with pytest.raises(BadFileError, match='4 of the images'):
        check_data(config(train=train, val=val))
    out = capfd.readouterr().out
    assert 'train: 1 of 6 images are bad' in out
    assert 'val: 3 of 6 images are bad' in out
    assert out.count('img/1.png is empty') == 2
    assert sorted(tree.rglob('*')) == before


def test_what_is_skipped_is_listed_and_no_error(tree, registered, capfd):
    kwargs = settings(tree, LOAD[:1], on_error='skip')
    check_data(config(train=dict(type=registered, **kwargs)))
    out = capfd.readouterr().out
    assert 'img/1.png is empty' in out
    assert '1 of 6 images are bad, and will be skipped' in out


def test_data_sets_in_wrappers_are_checked(tree, registered, capfd):
    part = dict(type=registered, **settings(tree, LOAD[:1]))
    train = dict(
        type='ConcatDataset',
        datasets=[part, dict(type='RepeatDataset', dataset=part, times=3)],
    )
    with pytest.raises(BadFileError, match='2 of the images'):
        check_data(config(train=train))


def test_a_good_set_passes(tree, registered, capfd):
    (tree / 'list.txt').write_text('0\n2')
    val = dict(type=registered, **settings(tree, test_mode=True))
    check_data(config(val=val))
    assert 'val: 0 of 2 images are bad' in capfd.readouterr().out


def test_other_kinds_of_data_sets_are_refused():
    with pytest.raises(ValueError, match='OtherDataset is no data set of mm'):
        DATASETS.register_module(module=OtherDataset)
        check_data(config(train=dict(type='OtherDataset')))


class OtherDataset(list):
    pass
