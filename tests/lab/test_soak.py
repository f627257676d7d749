"""tools/lab/soak, far too short to find anything."""

import json

import pytest

from tests.tools.load import load_tool

soak = load_tool('lab/soak/__main__')


@pytest.mark.slow
def test_a_short_soak(tmp_path, capsys):
    path = tmp_path / 'soak.json'
    soak.main(['--iters=24', '--every=3', f'--json={path}'])
    printed = capsys.readouterr().out
    assert '24 iterations, 8 readings' in printed
    written = json.loads(path.read_text())
    assert written['iterations'] == [*range(3, 25, 3)]
    assert [reading['queue'] for reading in written['readings']] == [200] * 8
    files = {reading['files'] for reading in written['readings'][1:]}
    assert len(files) == 1
    logs = [reading['log'] for reading in written['readings']]
    assert logs == sorted(logs) and logs[-1] > 1
    *_, queue, _ = written['trends']
    assert queue['growth'] == pytest.approx(0, abs=1e-6)
    (row,) = (line for line in printed.splitlines() if 'queues' in line)
    assert row.endswith('flat')


@pytest.mark.parametrize(
    ('args', 'message'),
    [
        (['--iters=0'], 'must be at least 1, got 0 and 50'),
        (['--every=0'], 'must be at least 1, got 3000 and 0'),
    ],
)
def test_what_can_not_be_is_said(args, message, capsys):
    with pytest.raises(SystemExit) as caught:
        soak.main(args)
    assert caught.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.slow
def test_what_was_found_is_said_before_it_cannot_be_written(tmp_path, capsys):
    (tmp_path / 'file').touch()
    with pytest.raises(SystemExit) as caught:
        soak.main(
            ['--iters=6', '--every=1', f'--json={tmp_path}/file/soak.json']
        )
    assert caught.value.code == 2
    printed = capsys.readouterr()
    assert 'resident memory' in printed.out
    assert 'the readings are not written: ' in printed.err
