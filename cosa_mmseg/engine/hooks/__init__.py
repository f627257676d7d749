"""Hooks: what happens between iterations."""

from .assignment_ema_hook import AssignmentEMAHook

__all__ = ['AssignmentEMAHook']
