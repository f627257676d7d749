"""`torch.compile` of a backbone, in place."""

from mmcv.cnn.bricks import DropPath
from torch import nn


def compile_in_place(module: nn.Module, settings: dict) -> None:
    """Have a module compiled when it is first called; its weights keep names.

    Args:
        module (nn.Module): The module.
        settings (dict): Arguments of ``torch.compile``.
    """
    for part in module.modules():
        # A ViT of mmpretrain has numpy's numbers here, which are compiled as
        # tensors: the graph would break at each of them.
        if isinstance(part, DropPath):
            part.drop_prob = float(part.drop_prob)
    module.compile(**settings)
