"""Configs: found, overridden, filled in and checked."""
