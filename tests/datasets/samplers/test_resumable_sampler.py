import pickle
import random
from itertools import islice

import numpy as np
import pytest
import torch
from mmengine.dataset import ConcatDataset, RepeatDataset
from PIL import Image
from torch.utils.data import DataLoader

from cosa_mmseg.datasets import CheckedSegDataset, ResumableSampler
from cosa_mmseg.datasets.samplers import Draw

SIZE = 7


def draws(num, rank=0, world_size=1, skip=0, seed=3, **settings):
    """The first draws of a process, behind those that it passes over."""
    sampler = ResumableSampler(range(SIZE), seed=seed, **settings)
    sampler.rank, sampler.world_size = rank, world_size
    sampler.skip(skip)
    return list(islice(sampler, num))


def test_an_epoch_has_each_image_once_in_an_order_of_its_own():
    epochs = np.array(draws(5 * SIZE)).reshape(5, SIZE)
    assert (np.sort(epochs) == np.arange(SIZE)).all()
    assert len({tuple(epoch) for epoch in epochs}) == 5
    assert draws(SIZE) != draws(SIZE, seed=4)
    assert draws(2 * SIZE, shuffle=False) == 2 * list(range(SIZE))


def positions(found):
    return [(int(draw), draw.seed, draw.position) for draw in found]


@pytest.mark.parametrize('rank, world_size', [(0, 1), (1, 3), (9, 20)])
@pytest.mark.parametrize('skip', [0, 5, 7, 23])
def test_skipping_enters_the_order_anywhere(rank, world_size, skip):
    whole = positions(draws(60, rank, world_size))
    rest = positions(draws(60 - skip, rank, world_size, skip))
    assert rest == whole[skip:]


@pytest.mark.parametrize('world_size', [2, 3, 20])
def test_processes_share_the_order_without_a_gap_or_a_repeat(world_size):
    one = positions(draws(6 * world_size))
    parts = [positions(draws(6, r, world_size)) for r in range(world_size)]
    joined = [draw for step in zip(*parts, strict=True) for draw in step]
    assert joined == one


def test_a_draw_is_an_index_that_keeps_its_place():
    draw = Draw(5, seed=2**40, position=11)
    again = pickle.loads(pickle.dumps(draw))
    assert positions([again]) == [(5, 2**40, 11)]
    assert list(range(9))[draw] == 5
    assert positions([draw % 3, draw - 4]) == [
        (2, 2**40, 11),
        (1, 2**40, 11),
    ]


def test_an_empty_data_set_is_refused():
    with pytest.raises(ValueError, match='list is empty'):
        ResumableSampler([], seed=0)


class Noise:
    """A transform that draws from all three sources."""

    def __call__(self, results):
        numbers = [random.random(), np.random.rand(), torch.rand(()).item()]
        return dict(inputs=torch.tensor(numbers, dtype=torch.float64))


@pytest.fixture
def dataset(tmp_path):
    Image.new('RGB', (4, 4)).save(tmp_path / '0.png')
    (tmp_path / 'list.txt').write_text('\n'.join('0' * SIZE))
    return CheckedSegDataset(
        ann_file='list.txt',
        data_root=str(tmp_path),
        data_prefix=dict(img_path=''),
        img_suffix='.png',
        metainfo=dict(classes=('background', 'cat')),
        pipeline=[Noise()],
    )


def numbers(dataset, index):
    return tuple(dataset[index]['inputs'].tolist())


def test_random_numbers_follow_from_the_position_alone(dataset):
    first = numbers(dataset, Draw(2, 0, 9))
    random.random(), np.random.rand(), torch.rand(())
    assert numbers(dataset, Draw(2, 0, 9)) == first
    for other in (Draw(2, 0, 10), Draw(2, 1, 9)):
        found = numbers(dataset, other)
        assert all(a != b for a, b in zip(found, first, strict=True))
    assert len(set(first)) == 3
    assert numbers(dataset, 2) != numbers(dataset, 2)  # not of a training


def test_random_numbers_of_the_process_go_on(dataset):
    def states():
        return [random.random(), np.random.rand(), torch.rand(()).item()]

    random.seed(0), np.random.seed(0), torch.manual_seed(0)
    states()
    expected = states()
    random.seed(0), np.random.seed(0), torch.manual_seed(0)
    states()
    dataset[Draw(1, 0, 5)]
    assert states() == expected


@pytest.mark.parametrize('wrap', [RepeatDataset, ConcatDataset])
def test_wrapped_data_sets_draw_the_same(dataset, wrap):
    if wrap is RepeatDataset:
        wrapped = RepeatDataset(dataset, times=2)
    else:
        wrapped = ConcatDataset([dataset, dataset])
    draw = Draw(SIZE + 2, 0, 4)
    assert numbers(wrapped, draw) == numbers(dataset, Draw(2, 0, 4))


@pytest.mark.parametrize('persistent', [False, True])
def test_workers_change_nothing(dataset, persistent):
    def batches(num_workers, skip=0):
        sampler = ResumableSampler(dataset, seed=1)
        sampler.skip(skip)
        loader = DataLoader(
            dataset,
            batch_size=2,
            sampler=sampler,
            num_workers=num_workers,
            persistent_workers=persistent and num_workers > 0,
        )
        found = islice(iter(loader), 6 - skip // 2)
        return [batch['inputs'].tolist() for batch in found]

    assert batches(2) == batches(0)
    assert batches(2, skip=4) == batches(0)[2:]
