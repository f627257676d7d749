"""The command ``cosa``: a module for each of its sub-commands."""

from .main import main

__all__ = ['main']
