"""Optimisers that update many parameters at once."""

import torch
from mmengine.optim import DefaultOptimWrapperConstructor, OptimWrapper
from mmengine.registry import OPTIM_WRAPPER_CONSTRUCTORS
from mmengine.utils import digit_version
from torch import nn

_FUSED_ON_CPU = digit_version('2.4.0')


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class GroupedOptimWrapperConstructor(DefaultOptimWrapperConstructor):
    """mmengine's constructor, with one group for each setting.

    mmengine makes a group of each parameter, so that torch's optimisers,
    which work through a group at once on a GPU (``foreach``), have nothing to
    put together.  Here parameters of equal settings share a group.  On a CPU
    Adam and AdamW are told to be ``fused`` where torch can (2.4 and newer),
    several times faster; the result differs in the last bit.

    Modules of which nothing is trained, as the assignment network, are left
    out without a warning for each of their parameters.

    Args:
        optim_wrapper_cfg (dict): Config of the optimiser wrapper, with
            ``optimizer``; its ``fused`` or ``foreach`` is left as it is.
        paramwise_cfg (dict, optional): As in mmengine.
    """

    optimizer_cfg: dict  # set by the base class

    def __call__(self, model: nn.Module) -> OptimWrapper:
        """Build the optimiser wrapper of a model.

        Args:
            model (nn.Module): The model, on its device.

        Returns:
            OptimWrapper: With the optimiser.
        """
        if self._can_fuse(model):
            self.optimizer_cfg = {**self.optimizer_cfg, 'fused': True}
        return super().__call__(model)

    def add_params(
        self,
        params: list[dict],
        module: nn.Module,
        prefix: str = '',
        is_dcn_module: int | float | None = None,
    ) -> None:
        """Add the parameters of a module that are trained, in groups.

        Args:
            params (list[dict]): Groups, which grow.
            module (nn.Module): The module.
            prefix (str): Its name; '' for the model.
            is_dcn_module (int | float, optional): As in mmengine.
        """
        if not any(p.requires_grad for p in module.parameters()):
            return
        super().add_params(params, module, prefix, is_dcn_module)
        if not prefix:
            params[:] = _merge(params)

    def _can_fuse(self, model: nn.Module) -> bool:
        """Return True if torch is to be asked for its fused update."""
        asked = {'fused', 'foreach'} & set(self.optimizer_cfg)
        on_cpu = all(p.device.type == 'cpu' for p in model.parameters())
        return (
            on_cpu
            and not asked
            and self.optimizer_cfg['type'] in ('Adam', 'AdamW')
            and digit_version(torch.__version__) >= _FUSED_ON_CPU
        )


def _merge(groups: list[dict]) -> list[dict]:
    """Return one group of all those of equal settings, in their order."""
    merged: dict[tuple, dict] = {}
    for group in groups:
        settings = {k: v for k, v in group.items() if k != 'params'}
        key = tuple(sorted(settings.items()))
        merged.setdefault(key, {'params': [], **settings})
        merged[key]['params'] += group['params']
    return list(merged.values())
