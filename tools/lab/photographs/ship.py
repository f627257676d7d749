"""Write the assignment network of a checkpoint as the weights that ship.

python -m tools.lab.photographs.ship work_dirs/voc-small/iter_2076.pth \
    configs/cosa/voc-small.safetensors

Statistics of batch normalisation stay in single precision, all other weights
become half: a variance may lie below what half precision can hold.
"""

import sys

from safetensors.torch import save_file
from torch import Tensor

from cosa_mmseg.utils.weights import read_weights


def shipped(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return what predicts, contiguous, in half precision where it may be."""
    kept = {k: v for k, v in state.items() if not k.startswith('online.')}
    return {
        name: (
            value.half()
            if value.is_floating_point() and 'running_' not in name
            else value
        ).contiguous()
        for name, value in kept.items()
    }


if __name__ == '__main__':
    source, target = sys.argv[1:]
    save_file(shipped(read_weights(source)['state_dict']), target)
