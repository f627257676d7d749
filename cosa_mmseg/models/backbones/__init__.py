"""Backbones that neither mmseg nor mmpretrain has."""

from .efficientnet_lite import EfficientNetLite
from .small_resnet import SmallResNet

__all__ = ['EfficientNetLite', 'SmallResNet']
