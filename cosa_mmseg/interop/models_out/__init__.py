"""Trained networks for other programs: plain models of mmseg, ONNX."""

from .export import export_model
from .publish import publish_model

__all__ = ['export_model', 'publish_model']
