import dataclasses

import numpy as np
import torch
from mmengine.config import ConfigDict
from mmengine.structures import PixelData

from cosa_mmseg.engine.replay.plain import from_plain, tensors_in, to_plain
from tests.models.networks import small_batch

CPU = torch.device('cpu')


def test_a_batch_comes_back():
    batch = small_batch([[0], [1, 2]])
    mask = PixelData(data=torch.ones(1, 32, 32, dtype=torch.long))
    batch['data_samples'][0].gt_sem_seg = mask
    back = from_plain(to_plain(batch), CPU)
    assert torch.equal(back['inputs']['weak'][1], batch['inputs']['weak'][1])
    for sample, old in zip(
        back['data_samples'], batch['data_samples'], strict=True
    ):
        assert type(sample) is type(old)
        assert sample.valid_box == old.valid_box  # a tuple again
        assert torch.equal(sample.gt_label.label, old.gt_label.label)
    assert torch.equal(back['data_samples'][0].gt_sem_seg.data, mask.data)


def test_other_values_become_plain():
    config = ConfigDict(
        size=(2, np.int64(3)), rate=np.float64(0.5), name='a', on=True
    )
    config.update(kind=int, scale=np.array([1.0, 2.0]), nothing=None)
    plain = to_plain(config)
    assert plain == dict(
        size=(2, 3),
        rate=0.5,
        name='a',
        on=True,
        kind="<class 'int'>",
        scale=[1, 2],
        nothing=None,
    )
    assert type(plain) is dict and type(plain['rate']) is float


def test_tensors_are_found_in_dataclasses():
    @dataclasses.dataclass
    class Pair:
        one: torch.Tensor
        rest: tuple

    a, b, c = torch.tensor(1), torch.tensor(2), torch.tensor(3)
    found = tensors_in(dict(x=Pair(a, (b, None)), y=[c, 'text']))
    assert [int(x) for x in found] == [1, 2, 3]
