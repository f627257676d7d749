"""Backbones that neither mmseg nor mmpretrain has."""

from .small_resnet import SmallResNet

__all__ = ['SmallResNet']
