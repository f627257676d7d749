"""Whether bfloat16 or float32 is faster here, by measurement.

What a processor says of itself does not tell: without instructions of its own
bfloat16 takes 2 to 30 times as long, ``ONEDNN_MAX_CPU_ISA`` can forbid them,
and some builds of torch do not use them.
"""

import logging
import os
import re
import time
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from mmengine.logging import print_log

AUTO = 'AutoPrecisionOptimWrapper'  # what has the precision chosen
PRECISIONS = ('bfloat16', 'float32')
# of the time of float32; in between, it does not matter
_CLEARLY_FASTER, _SLOWER = 0.8, 1.25
_ROUNDS, _SECONDS = 8, 0.2  # at most; at least 3 rounds
_ISA_LIMIT = 'ONEDNN_MAX_CPU_ISA'


@cache
def time_ratio(dtype: str = 'bfloat16') -> float:
    """Measure how long half precision takes on the CPU, once per process.

    A 3 x 3 convolution and a linear layer run under autocast and without it,
    in turns. The fastest of each counts, so that other processes do not
    matter. No random number is drawn.

    Args:
        dtype (str): ``'bfloat16'`` or ``'float16'``.

    Returns:
        float: Time in half precision, divided by the time in float32.
    """
    img = torch.ones(4, 64, 28, 28).contiguous(
        memory_format=torch.channels_last
    )
    kernel = torch.ones(64, 64, 3, 3)
    tokens, weight = torch.ones(392, 384), torch.ones(384, 384)
    half = getattr(torch, dtype)
    best = {False: float('inf'), True: float('inf')}
    end = time.perf_counter() + _SECONDS
    for number in range(_ROUNDS):
        if number > 2 and time.perf_counter() > end:
            break
        for enabled in best:
            start = time.perf_counter()
            with torch.no_grad(), torch.autocast('cpu', half, enabled=enabled):
                F.conv2d(img, kernel, padding=1)
                F.linear(tokens, weight)
            best[enabled] = min(best[enabled], time.perf_counter() - start)
    return best[True] / best[False]


def bfloat16_instructions() -> str:
    """Name the bfloat16 instructions that the processor has.

    Returns:
        str: Such as ``'avx512_bf16'`` or ``'none'``, and the limit that the
        environment sets to their use, if any.
    """
    file = Path('/proc/cpuinfo')
    if not file.exists():
        return 'unknown'
    found = re.findall(r'\b(?:\w+_)?bf16\b', file.read_text())
    names = ' '.join(dict.fromkeys(found)) or 'none'
    limit = os.environ.get(_ISA_LIMIT)
    return f'{names}, but {_ISA_LIMIT}={limit}' if limit else names


def compare(dtype: str, device: str) -> tuple[float, str]:
    """Compare half precision with float32 on a device.

    Args:
        dtype (str): ``'bfloat16'`` or ``'float16'``.
        device (str): Its type, such as ``'cpu'``.

    Returns:
        tuple[float, str]: Time in half precision, divided by that in float32,
        and the same in words. Only a CPU is measured: elsewhere it is 0 or
        infinite, as the hardware computes in that precision or does not.
    """
    if device == 'cpu':
        ratio = time_ratio(dtype)
        return ratio, (
            f'{dtype} takes {ratio:.2g} times as long as float32 on this '
            f'processor (bfloat16 instructions: {bfloat16_instructions()})'
        )
    # older GPUs emulate it
    native = device == 'cuda' and (
        dtype == 'float16' or torch.cuda.get_device_capability()[0] >= 8
    )
    verb = 'computes' if native else 'does not compute'
    return (
        0 if native else float('inf'),
        f'this {device} device {verb} in {dtype}',
    )


def choose_precision(device: str) -> tuple[str, str]:
    """Choose the faster precision.

    Args:
        device (str): Type of the device.

    Returns:
        tuple[str, str]: ``'bfloat16'`` if it is clearly faster, else
        ``'float32'``; and the reason.
    """
    ratio, reason = compare('bfloat16', device)
    return PRECISIONS[ratio > _CLEARLY_FASTER], reason


def warn_if_slow(setting: str, dtype: str, device: str) -> None:
    """Warn that a setting asks for a precision that is slower than float32.

    Args:
        setting (str): Where it is set.
        dtype (str): Name of the precision.
        device (str): Type of the device.
    """
    if dtype not in ('bfloat16', 'float16'):
        return
    ratio, reason = compare(dtype, device)
    if ratio > _SLOWER:
        print_log(
            f'{setting} asks for {dtype}, which is kept, but {reason}',
            'current',
            logging.WARNING,
        )


def evaluates_as_chosen(cfg: Any, loop: str) -> bool:
    """Whether an evaluation takes the precision that is chosen.

    Args:
        cfg (Config): The config.
        loop (str): ``'val_cfg'`` or ``'test_cfg'``; its ``fp16`` decides
            where it is set.
    """
    wrapper = cfg.get('optim_wrapper') or {}
    fp16 = (cfg.get(loop) or {}).get('fp16')
    return fp16 is None and wrapper.get('type') == AUTO


def prediction_autocast(cfg: Any, device: str) -> Callable[[], torch.autocast]:
    """Find the context in which a test of a config predicts.

    Args:
        cfg (Config): The config.
        device (str): Such as ``'cuda:1'``.

    Returns:
        Callable: Makes it: bfloat16 on a CPU and float16 elsewhere where
        ``test_cfg.fp16`` is set; where it is not, and the config has the
        precision chosen, bfloat16 on a CPU that is faster with it. The log
        says which, or that it is slow.
    """
    kind = torch.device(device).type
    half = torch.bfloat16 if kind == 'cpu' else torch.float16
    if kind == 'cpu' and evaluates_as_chosen(cfg, 'test_cfg'):
        chosen, reason = choose_precision(kind)
        print_log(f'precision: {chosen}, since {reason}', 'current')
        enabled = chosen == 'bfloat16'
    else:
        enabled = bool((cfg.get('test_cfg') or {}).get('fp16'))
    if enabled:
        name = str(half).removeprefix('torch.')
        warn_if_slow('test_cfg.fp16=True', name, kind)
    return partial(torch.autocast, kind, half, enabled=enabled)
