"""Devices to compute on."""

import torch


def why_unusable(device: str) -> str | None:
    """Why nothing can be put on a device; None where it can be.

    Args:
        device: Such as ``'cpu'`` or ``'cuda:1'``.
    """
    try:
        torch.empty(0, device=device)
    except (AssertionError, RuntimeError) as err:  # torch without CUDA: former
        return str(err).splitlines()[0]
    return None
