"""Which precision is chosen, and what predictions follow."""

import os
import subprocess
import sys

import pytest
import torch
from mmengine.config import Config

from cosa_mmseg.utils import precision
from tests.golden import ROOT

AUTO = {'optim_wrapper': {'type': precision.AUTO}}


@pytest.fixture
def takes(monkeypatch):
    """Set how long half precision takes, in the time of float32."""
    return lambda ratio: monkeypatch.setattr(
        precision, 'time_ratio', lambda dtype='bfloat16': ratio
    )


@pytest.fixture
def warned(monkeypatch):
    """What is logged as a warning."""
    lines: list[str] = []
    monkeypatch.setattr(
        precision,
        'print_log',
        lambda line, logger, level=None: level and lines.append(line),
    )
    return lines


@pytest.mark.parametrize(
    ('ratio', 'chosen', 'is_slow'),
    [
        (0.3, 'bfloat16', False),
        (0.9, 'float32', False),  # not clearly faster
        (1.1, 'float32', False),
        (14.2, 'float32', True),
    ],
)
def test_the_faster_one_is_chosen(takes, warned, ratio, chosen, is_slow):
    takes(ratio)
    found, reason = precision.choose_precision('cpu')
    assert found == chosen
    assert f'bfloat16 takes {ratio:.2g} times as long' in reason
    for dtype in ('bfloat16', 'float32'):
        precision.warn_if_slow('x', dtype, 'cpu')
    line = f'x asks for bfloat16, which is kept, but {reason}'
    assert warned == [line] * is_slow


@pytest.mark.parametrize(
    ('capability', 'chosen'), [((7, 5), 'float32'), ((8, 0), 'bfloat16')]
)
def test_on_a_gpu_its_generation_decides(
    monkeypatch, warned, capability, chosen
):
    monkeypatch.setattr(
        torch.cuda, 'get_device_capability', lambda: capability
    )
    assert precision.choose_precision('cuda')[0] == chosen
    for dtype in ('bfloat16', 'float16'):
        precision.warn_if_slow('x', dtype, 'cuda')
    assert len(warned) == (chosen == 'float32')
    assert precision.choose_precision('mps')[0] == 'float32'


def test_measuring_draws_no_random_number():
    state = torch.get_rng_state()
    assert precision.time_ratio.__wrapped__() > 0
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.skipif(
    not torch.backends.mkldnn.is_available(), reason='the limit is of oneDNN'
)
def test_instructions_that_are_forbidden_do_not_count():
    """They take 10 times as long then, whatever /proc/cpuinfo says."""
    code = (
        'import sys, types; '  # all parts take seconds to import
        "sys.modules['cosa_mmseg.parts'] = types.ModuleType('parts'); "
        'from cosa_mmseg.utils.precision import choose_precision; '
        "print(*choose_precision('cpu'))"
    )
    out = subprocess.run(
        [sys.executable, '-c', code],
        env={
            **os.environ,
            'ONEDNN_MAX_CPU_ISA': 'AVX2',
            'OMP_NUM_THREADS': '1',
            'PYTHONPATH': str(ROOT),
        },
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert out.startswith('float32 bfloat16 takes ')
    assert 'ONEDNN_MAX_CPU_ISA=AVX2' in out


@pytest.mark.parametrize(
    ('text', 'expected'),
    [
        ('flags\t: fpu avx512_bf16 vaes\nflags\t: avx512_bf16', 'avx512_bf16'),
        ('flags : amx_bf16 avx512_bf16 amx_tile', 'amx_bf16 avx512_bf16'),
        ('Features : fp asimd i8mm bf16 dgh', 'bf16'),
        ('flags : fpu avx2', 'none'),
    ],
)
def test_instructions_are_named(monkeypatch, text, expected):
    monkeypatch.delenv('ONEDNN_MAX_CPU_ISA', raising=False)
    monkeypatch.setattr(precision.Path, 'exists', lambda self: True)
    monkeypatch.setattr(precision.Path, 'read_text', lambda self: text)
    assert precision.bfloat16_instructions() == expected
    monkeypatch.setenv('ONEDNN_MAX_CPU_ISA', 'AVX2')
    assert precision.bfloat16_instructions().startswith(f'{expected}, but ONE')


@pytest.mark.parametrize(
    ('settings', 'ratio', 'enabled'),
    [
        (AUTO, 0.3, True),
        (AUTO, 9, False),
        ({**AUTO, 'test_cfg': {'fp16': False}}, 0.3, False),
        ({**AUTO, 'test_cfg': {'fp16': True}}, 9, True),
        ({'test_cfg': None}, 0.3, False),
        ({'optim_wrapper': {'type': 'OptimWrapper'}}, 0.3, False),
    ],
)
def test_predictions(takes, warned, settings, ratio, enabled):
    takes(ratio)
    with precision.prediction_autocast(Config(settings), 'cpu')():
        out = torch.ones(2, 2) @ torch.ones(2, 2)
    assert out.dtype == (torch.bfloat16 if enabled else torch.float32)
    assert len(warned) == (enabled and ratio > 1)
