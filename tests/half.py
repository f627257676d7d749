"""The half-precision types of ``torch.autocast`` on a CPU."""

import pytest
import torch
from mmengine.utils import digit_version

HALF_TYPES = [
    torch.bfloat16,
    pytest.param(
        torch.float16,
        marks=pytest.mark.skipif(
            digit_version(torch.__version__) < digit_version('2.3.0'),
            reason='no float16 in the autocast of a CPU with torch < 2.3',
        ),
    ),
]
