import logging
from itertools import islice

import numpy as np
import pytest
from PIL import Image

from cosa_mmseg.datasets import ImageLabelDataset, ResumableSampler
from cosa_mmseg.datasets.train_masks import MOST_DRAWN, drawn_indices


@pytest.mark.parametrize(
    ('num_images', 'num_masks', 'times'),
    [
        (1107, 100, 5),
        (1107, 50, 10),
        (1107, 20, MOST_DRAWN),
        (1107, 300, 1),
        (12, 2, 2),
        (4, 3, 1),
        (4, 4, 1),
    ],
)
def test_masks_are_a_third_of_an_epoch_at_most(num_images, num_masks, times):
    has_mask = [i < num_masks for i in range(num_images)]
    drawn = drawn_indices(has_mask)
    assert {*drawn} == {*range(num_images)}
    assert [drawn.count(i) for i in (0, num_masks - 1)] == [times, times]
    assert drawn.count(num_images - 1) == (
        1 if num_masks < num_images else times
    )
    share = times * num_masks / len(drawn)
    assert times == 1 or share <= 1 / 3 + 1e-9


@pytest.fixture
def root(tmp_path):
    """Twelve pictures; the third and the last have a mask."""
    lines = ['image,labels']
    for number in range(12):
        Image.new('RGB', (8, 6)).save(tmp_path / f'{number:02}.jpg')
        lines.append(f'{number:02}.jpg,cat')
    (tmp_path / 'labels.csv').write_text('\n'.join(lines))
    (tmp_path / 'masks').mkdir()
    for number in (2, 11):
        mask = Image.fromarray(np.ones((6, 8), np.uint8))
        mask.save(tmp_path / f'masks/{number:02}.png')
    return tmp_path


def dataset(root, **settings):
    return ImageLabelDataset(
        label_file='labels.csv',
        data_root=str(root),
        pipeline=[dict(type='LoadImageFromFile')],
        **settings,
    )


def test_an_epoch_has_images_with_a_mask_several_times(root, monkeypatch):
    said = []
    monkeypatch.setattr(
        'cosa_mmseg.datasets.train_masks.print_log',
        lambda text, _, level: said.append((text, level)),
    )
    data = dataset(root, train_masks='masks')
    text = 'trained with masks of 2 of 12 images, which are drawn 2 times '
    assert said == [(text + 'in an epoch', logging.INFO)]
    assert len(data) == 12  # what counts images counts each once
    assert data.metainfo['train_masks'] == 2
    sampler = ResumableSampler(data, seed=3)
    assert len(sampler) == 14
    draws = [*map(int, islice(sampler, 28))]
    for epoch in (draws[:14], draws[14:]):
        assert sorted(epoch) == sorted([*range(12), 2, 11])
    assert draws[:14] != draws[14:]


def test_a_resumed_and_a_shared_training_draw_the_same(root, monkeypatch):
    data = dataset(root, train_masks='masks')
    whole = [*islice(ResumableSampler(data, seed=3), 40)]
    resumed = ResumableSampler(data, seed=3)
    resumed.skip(17)
    assert [*islice(resumed, 23)] == whole[17:]
    for rank in range(2):
        monkeypatch.setattr(
            'cosa_mmseg.datasets.samplers.resumable_sampler.get_dist_info',
            lambda rank=rank: (rank, 2),
        )
        part = ResumableSampler(data, seed=3)
        assert [*islice(part, 20)] == whole[rank::2]


def test_without_masks_each_is_drawn_once(root):
    data = dataset(root)
    draws = [*map(int, islice(ResumableSampler(data, seed=3), 12))]
    assert sorted(draws) == [*range(12)]
    # masks are for training alone
    tested = dataset(root, train_masks='masks', test_mode=True)
    assert tested.drawn_indices == [*range(12)]
