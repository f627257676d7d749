"""The command ``cosa``: a module for each of its jobs."""

from .main import main

__all__ = ['main']
