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
    refuses to run on a CPU.  A CPU with bfloat16 instructions is about twice
    as fast this way, one without them several times slower.
    Parameters, gradients and the optimiser stay in float32.  The arguments
    are those of mmengine's ``OptimWrapper``.
    """

    enabled = True

    @contextmanager
    def optim_context(self, model: torch.nn.Module) -> Iterator[None]:
        """Autocast what the model computes.

        Args:
            model (nn.Module): The model that is trained.
        """
        half = autocast(dtype=torch.bfloat16, enabled=self.enabled)
        with super().optim_context(model), half:
            yield
