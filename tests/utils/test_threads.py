"""Threads that wait, and what is said where others want the cores."""

import os
import subprocess
import sys

import pytest

from cosa_mmseg.utils import threads
from tests.golden import ROOT


@pytest.mark.parametrize(
    ('environment', 'loaded', 'expected'),
    [
        (
            {},
            {},
            {'OMP_WAIT_POLICY': 'PASSIVE', 'GOMP_SPINCOUNT': '10000'},
        ),
        ({'GOMP_SPINCOUNT': '0'}, {}, {'GOMP_SPINCOUNT': '0'}),
        ({'OMP_WAIT_POLICY': 'ACTIVE'}, {}, {'OMP_WAIT_POLICY': 'ACTIVE'}),
        ({}, {'torch': None}, {}),  # too late
    ],
)
def test_threads_sleep_unless_the_user_says_otherwise(
    monkeypatch, environment, loaded, expected
):
    monkeypatch.setattr(os, 'environ', environment)
    monkeypatch.setattr(sys, 'modules', loaded)
    threads.wait_asleep()
    assert environment == expected


@pytest.mark.slow
def test_importing_the_package_is_early_enough():
    environment = {**os.environ, 'PYTHONPATH': str(ROOT)}
    environment.pop('OMP_WAIT_POLICY', None)
    environment.pop('GOMP_SPINCOUNT', None)
    # OpenMP prints its settings when it is loaded
    environment['OMP_DISPLAY_ENV'] = 'TRUE'
    said = subprocess.run(
        [sys.executable, '-c', 'import cosa_mmseg'],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    ).stderr
    assert "OMP_WAIT_POLICY = 'PASSIVE'" in said


@pytest.mark.parametrize(
    ('load', 'num_threads', 'is_said'),
    [(2.6, 2, True), (2.6, 1, False), (1.9, 2, False)],
)
def test_a_crowd_is_described(monkeypatch, load, num_threads, is_said):
    monkeypatch.setattr(os, 'getloadavg', lambda: (load, 0, 0))
    monkeypatch.setattr(os, 'cpu_count', lambda: 2)
    said = threads.describe_crowd(num_threads)
    assert (said is not None) == is_said
    if is_said:
        assert said.startswith('2.6 processes compete for the 2 cores')
        assert 'OMP_NUM_THREADS=1' in said
