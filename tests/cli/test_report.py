"""The command line of the report."""

import pytest

from cosa_mmseg.cli.report import main
from tests.visualization.report.folders import (
    train_row,
    write_run,
)


def test_it_writes_the_page_or_says_why_not(tmp_path, capsys):
    write_run(tmp_path / 'work', '1', [train_row(50)])
    main([str(tmp_path / 'work')])
    path = tmp_path / 'work' / 'report.html'
    assert capsys.readouterr().out == f'{path}\n'
    assert 'ends at iteration 50' in path.read_text()
    main([str(tmp_path / 'work'), '--out', str(tmp_path / 'a.html')])
    assert (tmp_path / 'a.html').read_text() == path.read_text()
    with pytest.raises(SystemExit, match='^error: .*holds no training'):
        main([str(tmp_path)])
