"""Pseudo labels of a whole split as files, to train a second stage with."""

from .compare import compare_folders
from .export import export_pseudo_labels
from .summary import summary_tables

__all__ = ['compare_folders', 'export_pseudo_labels', 'summary_tables']
