"""bfloat16 training on any device."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from mmengine.optim import OptimWrapper
from mmengine.registry import OPTIM_WRAPPERS
from mmengine.runner import autocast


@OPTIM_WRAPPERS.register_module()
class BFloat16OptimWrapper(OptimWrapper):
    """Run forward passes under bfloat16 autocast.

    bfloat16 has the range of float32, so that losses need no scaling.
    mmengine's ``AmpOptimWrapper`` does the same with ``dtype='bfloat16'``, but
    refuses to run on a CPU, where recent ones are twice as fast this way.
    Parameters, gradients and the optimiser stay in float32.  The arguments
    are those of mmengine's ``OptimWrapper``.
    """

    @contextmanager
    def optim_context(self, model: torch.nn.Module) -> Iterator[None]:
        """Autocast what the model computes.

        Args:
            model (nn.Module): The model that is trained.
        """
        with super().optim_context(model), autocast(dtype=torch.bfloat16):
            yield
