"""A ResNet that trains from scratch on a CPU in minutes."""

from mmcv.cnn import build_conv_layer, build_norm_layer
from mmengine.registry import MODELS
from mmpretrain.models.backbones.resnet import BasicBlock
from mmpretrain.models.backbones.resnet_cifar import ResNet_CIFAR
from torch import nn

from cosa_mmseg.utils.checkpoint_loaders import safe_loaders


@MODELS.register_module()
class SmallResNet(ResNet_CIFAR):
    """ResNet with one basic block a stage and a 3x3 stem of stride 2.

    mmpretrain's smallest ResNet has two blocks a stage, and its stem either
    has stride 1 (three times the cost) or a stride of 4, which keeps too
    little of a picture of 96 pixels.

    Args:
        **kwargs: Arguments of mmpretrain's ``ResNet``, without ``depth``.
    """

    arch_settings = {10: (BasicBlock, (1, 1, 1, 1))}

    def __init__(self, **kwargs) -> None:
        super().__init__(depth=10, **kwargs)

    @safe_loaders()
    def init_weights(self) -> None:
        """Initialise the network; no code in pretrained weights is run."""
        super().init_weights()

    def _make_stem_layer(self, in_channels: int, base_channels: int) -> None:
        """Replace the stem: convolution of stride 2, norm, ReLU."""
        self.conv1 = build_conv_layer(
            self.conv_cfg,
            in_channels,
            base_channels,
            kernel_size=3,
            stride=2,
            padding=1,
            bias=False,
        )
        self.norm1_name, norm1 = build_norm_layer(
            self.norm_cfg, base_channels, postfix=1
        )
        self.add_module(self.norm1_name, norm1)
        self.relu = nn.ReLU(inplace=True)
