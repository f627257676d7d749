import os
import subprocess
import sys

import pytest

from cosa_mmseg.datasets import BadFileError
from cosa_mmseg.utils.exits import exit_codes
from tests.golden import ROOT


@exit_codes(OSError, ValueError, goes_on='call it again')
def command(error):
    raise error


def test_errors_of_the_input_are_a_sentence():
    for error in (OSError('gone'), ValueError('gone')):
        with pytest.raises(SystemExit) as stop:
            command(error)
        assert stop.value.code == 'error: gone'  # on stderr, with code 1
    with pytest.raises(SystemExit, match='^error: x.csv cannot be used: Is a'):
        command(IsADirectoryError(21, 'Is a directory', 'x.csv'))
    with pytest.raises(SystemExit, match='^error: a.jpg is empty$'):
        command(BadFileError('in a worker\nBadFileError: a.jpg is empty'))


def test_a_fault_of_the_program_keeps_its_traceback():
    with pytest.raises(KeyError):
        command(KeyError())
    with pytest.raises(ValueError, match='gone'), exit_codes():
        raise ValueError('gone')


def test_an_interrupt_is_code_130(capsys):
    with pytest.raises(SystemExit) as stop:
        command(KeyboardInterrupt())
    assert stop.value.code == 130
    assert capsys.readouterr().err == 'interrupted: call it again\n'


def test_an_error_in_the_place_of_an_interrupt_is_one(capsys):
    @exit_codes(ValueError)
    def replaced():
        try:
            raise KeyboardInterrupt
        except:  # noqa: E722
            raise ValueError('cannot be formatted') from None

    with pytest.raises(SystemExit) as stop, exit_codes():
        replaced()
    assert stop.value.code == 130
    assert capsys.readouterr().err == 'interrupted\n'  # once


EXECUTED = """
import os, signal, sys, types
sys.modules['cosa_mmseg.parts'] = types.ModuleType('parts')  # takes seconds
from cosa_mmseg.utils.exits import exit_codes
with exit_codes():
    exec('os.kill(os.getpid(), signal.SIGINT); 1 + 1')
"""


def test_an_interrupt_of_executed_code_is_no_death_by_signal(tmp_path):
    (tmp_path / 'executed.py').write_text(EXECUTED)
    path = os.pathsep.join([str(tmp_path), str(ROOT)])
    done = subprocess.run(
        [sys.executable, '-m', 'executed'],
        env={**os.environ, 'PYTHONPATH': path},
        check=False,
    )
    assert done.returncode == 130


def test_the_exit_of_an_inner_block_is_kept():
    with pytest.raises(SystemExit) as stop:
        command(SystemExit(3))
    assert stop.value.code == 3
