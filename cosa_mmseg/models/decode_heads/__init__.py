"""Heads: what is read off a feature map."""

from .cam_head import CAMHead

__all__ = ['CAMHead']
