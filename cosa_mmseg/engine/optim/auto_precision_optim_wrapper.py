"""bfloat16 training where it is faster."""

from mmengine.registry import OPTIM_WRAPPERS

from .bfloat16_optim_wrapper import BFloat16OptimWrapper


@OPTIM_WRAPPERS.register_module()
class AutoPrecisionOptimWrapper(BFloat16OptimWrapper):
    """Run forward passes in bfloat16 where :class:`PrecisionHook` chooses it.

    Without that hook they run in float32.  The arguments are those of
    mmengine's ``OptimWrapper``.
    """

    enabled = False  # until the hook has chosen
