"""What times depend on beside settings."""

import os
import platform
import re
from pathlib import Path

import torch

from cosa_mmseg.utils.environment import versions
from cosa_mmseg.utils.precision import bfloat16_instructions


def cpu_name() -> str:
    """What the system calls the CPU."""
    cpuinfo = Path('/proc/cpuinfo').read_text()
    match = re.search(r'^model name\s*: (.+)$', cpuinfo, re.MULTILINE)
    return match[1] if match else platform.machine()


def environment() -> dict:
    """Device, threads, switches and versions of this process.

    ``load_average`` is the mean number of processes of the whole machine
    that ran in the last minute: above that of this one's threads, others
    compete with it, and times are rough.
    """
    on_gpu = torch.cuda.is_available()
    return dict(
        device=torch.cuda.get_device_name() if on_gpu else cpu_name(),
        device_type='cuda' if on_gpu else 'cpu',
        cpu=cpu_name(),
        bfloat16_instructions=bfloat16_instructions(),
        cpu_capability=torch.backends.cpu.get_cpu_capability(),
        cpu_cores=os.cpu_count(),
        threads=torch.get_num_threads(),
        load_average=os.getloadavg()[0],
        cuda=torch.version.cuda,
        cudnn_benchmark=torch.backends.cudnn.benchmark,
        tf32_matmul=torch.backends.cuda.matmul.allow_tf32,
        tf32_cudnn=torch.backends.cudnn.allow_tf32,
        system=platform.platform(),
        versions=versions(),
    )


def environment_line(found: dict) -> str:
    """The environment in a line, for a table's foot."""
    return (
        f'{machine_line(found)}, bfloat16 instructions of the CPU: '
        f'{found["bfloat16_instructions"]}, load average '
        f'{found["load_average"]:.1f}'
    )


def machine_line(found: dict) -> str:
    """What of the environment stays from run to run."""
    threads = found['threads']
    return (
        f'{found["device"]}, {threads} CPU thread{"s" * (threads > 1)} of '
        f'{found["cpu_cores"]} cores, torch {found["versions"]["torch"]}'
    )
