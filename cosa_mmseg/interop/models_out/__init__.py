"""Trained networks for other programs: plain models of mmseg, ONNX."""

from .export import Check, export_model
from .publish import PublishedModel, publish_model

__all__ = ['Check', 'PublishedModel', 'export_model', 'publish_model']
