"""Files that are no dumps of a training step."""

import os
from collections import OrderedDict
from typing import get_type_hints

import numpy as np
import pytest
import torch
from mmengine.structures import PixelData

from cosa_mmseg.engine.replay import StepDump
from cosa_mmseg.engine.replay.dump import MAGIC
from tests.models.networks import small_batch

GOOD = dict(
    magic=MAGIC,
    iteration=3,
    max_iters=9,
    rank=0,
    world_size=1,
    terms={'loss': float('nan')},
    images=['a.jpg'],
    state={'weight': torch.ones(2, 3)},
    call={'args': (), 'kwargs': {'mode': 'loss'}},
    random={'cpu': torch.get_rng_state()},
    dtype='float32',
)


def nested(depth):
    value = []
    for _ in range(depth):
        value = [value]
    return value


def cyclic():
    value = []
    value += [value, value]
    return value


def without(key):
    return {name: value for name, value in GOOD.items() if name != key}


DAMAGED = {
    'no dict': ([1], 'is no dump of a training step: those are'),
    'no magic': (without('magic'), 'is no dump of a training step: those'),
    'lacks a part': (without('state'), "should not have, 'state'"),
    'more parts': (GOOD | {'a\n': 1}, r"should not have, 'a\\n'"),
    'huge tensor': (
        GOOD | {'state': {'a': torch.zeros(1).expand(10**12)}},
        r'shape \(1000000000000,\) in it has fewer numbers',
    ),
    'sparse tensor': (
        GOOD | {'state': {'a': torch.eye(2).to_sparse()}},
        'sparse',
    ),
    'no numbers': (
        GOOD | {'state': {'a': torch.empty(3, device='meta')}},
        'without numbers',
    ),
    'object': (GOOD | {'call': OrderedDict()}, 'holds a OrderedDict'),
    'parameter': (
        GOOD | {'state': {'a': torch.nn.Parameter(torch.ones(1))}},
        'holds a Parameter',
    ),
    'deep': (GOOD | {'call': {'a': nested(99)}}, 'nested without end'),
    'without end': (GOOD | {'call': {'a': cyclic()}}, 'nested without end'),
    'keys': (GOOD | {'call': {1: 2}}, 'keys of a dict must be texts'),
    'no number': (GOOD | {'iteration': 'a\n'}, 'iteration must be a whole'),
    'truth value': (GOOD | {'rank': True}, 'rank must be a whole number'),
    'term': (GOOD | {'terms': {'loss': 10**400}}, r"terms\['loss'\] must be"),
    'images': (GOOD | {'images': [1]}, 'images must be a list, each item a s'),
    'state': (GOOD | {'state': None}, 'state must be a dict, but is None'),
    'dtype': (GOOD | {'dtype': 'load'}, 'dtype must be one of float32'),
}


@pytest.mark.parametrize('case', DAMAGED)
def test_what_is_damaged_is_said_in_a_sentence(tmp_path, case):
    content, words = DAMAGED[case]
    torch.save(content, tmp_path / 'a.dump')
    with pytest.raises(ValueError, match=f'a.dump .*{words}') as err:
        StepDump.load(tmp_path / 'a.dump')
    assert str(err.value).isprintable() and len(str(err.value)) < 400


def test_a_batch_comes_back(tmp_path):
    batch = small_batch([[0], [1, 2]])
    sample = batch['data_samples'][0]
    sample.gt_sem_seg = PixelData(data=torch.ones(1, 32, 32).long())
    sample.set_metainfo(dict(scale=np.float64(0.5), shape=(1, np.int64(2))))
    batch['data_samples'][1].set_metainfo(dict(shape=sample.shape))  # shared
    call = dict(args=(), kwargs=dict(batch, mode='loss'))
    parts = {name: GOOD[name] for name in get_type_hints(StepDump)}
    StepDump(**dict(parts, call=call)).save(tmp_path / 'a.dump')
    back = StepDump.load(tmp_path / 'a.dump').call['kwargs']
    assert torch.equal(back['inputs']['weak'][1], batch['inputs']['weak'][1])
    for one, old in zip(
        back['data_samples'], batch['data_samples'], strict=True
    ):
        assert type(one) is type(old)
        assert one.metainfo == old.metainfo
        assert torch.equal(one.gt_label.label, old.gt_label.label)
    assert back['data_samples'][0].gt_sem_seg.data.all()


def test_a_whole_one_is_read(tmp_path):
    torch.save(GOOD, tmp_path / 'a.dump')
    assert StepDump.load(tmp_path / 'a.dump').images == ['a.jpg']


def changed_bit(path):
    content = bytearray(path.read_bytes())
    start = content.index(torch.ones(2, 3).numpy().tobytes())
    content[start] ^= 1
    path.write_bytes(content)


FILES = {
    'changed bit': changed_bit,
    'cut': lambda path: path.write_bytes(path.read_bytes()[:-99]),
    'empty': lambda path: path.write_bytes(b''),
    'old format': lambda path: torch.save(
        GOOD, path, _use_new_zipfile_serialization=False
    ),
}


@pytest.mark.parametrize('case', FILES)
def test_files_that_are_damaged(tmp_path, case):
    torch.save(GOOD, tmp_path / 'a.dump')
    FILES[case](tmp_path / 'a.dump')
    with pytest.raises(ValueError, match='a.dump is no dump .* is damaged'):
        StepDump.load(tmp_path / 'a.dump')


def test_what_is_no_file(tmp_path):
    os.mkfifo(tmp_path / 'fifo')
    for name in ('fifo', '.'):
        with pytest.raises(ValueError, match='is not a regular file'):
            StepDump.load(tmp_path / name)
