import pytest
import torch

from cosa_mmseg.utils.host import HostCopy
from tests.waits import NoWaits


def test_on_a_cpu_values_are_here_at_once():
    copy = HostCopy(torch.tensor([1.0, 2.0]))
    assert copy.is_here
    assert copy.wait().tolist() == [1, 2]


@pytest.mark.gpu
def test_from_a_gpu_values_travel_while_it_goes_on():
    values = torch.arange(3.0, device='cuda')
    HostCopy(values).wait()  # libraries wait when they start
    torch.cuda.set_sync_debug_mode('error')
    try:
        with NoWaits():
            copy = HostCopy(values)
            values = values + 1
    finally:
        torch.cuda.set_sync_debug_mode('default')
    assert not copy.is_here
    assert copy.wait().tolist() == [0, 1, 2]
