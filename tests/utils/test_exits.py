import pytest

from cosa_mmseg.datasets import BadFileError
from cosa_mmseg.utils.exits import exit_codes


@exit_codes(OSError, ValueError, goes_on='call it again')
def command(error):
    raise error


def test_errors_of_the_input_are_a_sentence():
    for error in (OSError('gone'), ValueError('gone')):
        with pytest.raises(SystemExit) as stop:
            command(error)
        assert stop.value.code == 'error: gone'  # on stderr, with code 1
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


def test_the_exit_of_an_inner_block_is_kept():
    with pytest.raises(SystemExit) as stop:
        command(SystemExit(3))
    assert stop.value.code == 3
