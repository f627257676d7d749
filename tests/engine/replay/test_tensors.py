import dataclasses

import torch

from cosa_mmseg.engine.replay.tensors import is_finite, tensors_in


def test_tensors_are_found_in_dataclasses():
    @dataclasses.dataclass
    class Pair:
        one: torch.Tensor
        rest: tuple

    a, b, c = torch.tensor(1.0), torch.tensor(2.0), torch.tensor(torch.nan)
    nest = dict(x=Pair(a, (b, None)), y=[c, 'text'])
    assert [int(x) for x in tensors_in(nest) if x == x] == [1, 2]
    assert not is_finite(nest) and is_finite(nest['x'])
