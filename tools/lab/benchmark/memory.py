"""Peak memory of the process and of the GPU."""

import re
from pathlib import Path

import torch

KIB = 1024


def peak_memory() -> dict[str, int]:
    """Peaks up to now, in bytes.

    Returns:
        dict[str, int]: ``host``, the most that was resident of this process
        since its start (``VmHWM``), without the workers of data loaders; on a
        GPU ``gpu``, the most that its tensors took there since
        ``torch.cuda.reset_peak_memory_stats``.
    """
    status = Path('/proc/self/status').read_text()
    match = re.search(r'^VmHWM:\s+(\d+) kB$', status, re.MULTILINE)
    if match is None:
        raise OSError('/proc/self/status says nothing of VmHWM')
    found = dict(host=int(match[1]) * KIB)
    if torch.cuda.is_available():
        found['gpu'] = torch.cuda.max_memory_allocated()
    return found


def memory_line(peak: dict[str, int], host_before: int) -> str:
    """Peaks in a line, for a table's foot.

    Args:
        peak: Of :func:`peak_memory`.
        host_before: ``host`` before the model was built.
    """
    increase = (peak['host'] - host_before) / 1e9
    text = f'process {peak["host"] / 1e9:.2f} GB ({increase:.2f} more)'
    if 'gpu' in peak:
        text = f'GPU {peak["gpu"] / 1e9:.2f} GB, {text}'
    return text
