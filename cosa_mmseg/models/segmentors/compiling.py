"""`torch.compile` of a backbone, in place."""

import torch
from mmcv.cnn.bricks import DropPath
from mmengine.utils import digit_version
from torch import nn

# inductor of torch 2.1 computes other losses, 7 % off in a test
LEAST_TORCH = '2.3.0'


def compile_in_place(module: nn.Module, settings: dict) -> None:
    """Have a module compiled when it is first called; its weights keep names.

    Args:
        module (nn.Module): The module.
        settings (dict): Arguments of ``torch.compile``.

    Raises:
        ValueError: If this torch compiles it wrongly.
    """
    if digit_version(torch.__version__) < digit_version(LEAST_TORCH):
        raise ValueError(
            f'network.compile needs torch>={LEAST_TORCH}, found '
            f'{torch.__version__}, whose compiler computes wrong losses: '
            'remove it, or install a newer torch'
        )
    for part in module.modules():
        # A ViT of mmpretrain has numpy's numbers here, which are compiled as
        # tensors: the graph would break at each of them.
        if isinstance(part, DropPath):
            part.drop_prob = float(part.drop_prob)
    module.compile(**settings)
