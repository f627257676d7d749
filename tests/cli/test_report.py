"""``cosa report``."""

import pytest

from tests.visualization.report.folders import (
    train_row,
    write_run,
)

from .calls import cosa


def test_it_writes_the_page_or_says_why_not(tmp_path, capsys):
    write_run(tmp_path / 'work', '1', [train_row(50)])
    cosa('report', tmp_path / 'work')
    path = tmp_path / 'work' / 'report.html'
    assert capsys.readouterr().out == f'{path}\n'
    assert 'ends at iteration 50' in path.read_text()
    cosa('report', tmp_path / 'work', '--out', tmp_path / 'a.html')
    assert (tmp_path / 'a.html').read_text() == path.read_text()
    with pytest.raises(SystemExit, match='^error: .*holds no training'):
        cosa('report', tmp_path)
