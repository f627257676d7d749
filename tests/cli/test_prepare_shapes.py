"""``cosa prepare shapes``."""

import pytest

from .calls import cosa


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_it_says_where_the_set_is(tmp_path, capsys):
    args = ['--root', 'new/set', '--num-train', '2', '--num-eval', '1']
    for _ in range(2):  # the second time it is there
        cosa('prepare', 'shapes', *args, '--size', 32)
        assert capsys.readouterr().out == 'The shapes set is in new/set\n'
    names = sorted(p.name for p in (tmp_path / 'new/set/JPEGImages').iterdir())
    assert names[:2] == ['train_00000.jpg', 'train_00001.jpg']
    assert len(names) == 6


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (['--root', '.'], 'error: . exists and is no shapes set'),
        (['--seed', '-1'], 'error: seed must be at least 0'),
        (['--root', 'file/set'], 'error: .*file'),
    ],
)
def test_errors_are_one_sentence(tmp_path, options, message):
    (tmp_path / 'file').write_text('no folder')
    with pytest.raises(SystemExit, match=message) as exit_:
        cosa('prepare', 'shapes', *options)
    assert '\n' not in str(exit_.value.code)
