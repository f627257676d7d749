"""Paths on command lines and in configs."""

import pytest

from cosa_mmseg.config.command_line import read_config
from cosa_mmseg.utils.paths import CommandParser


@pytest.fixture(autouse=True)
def home(monkeypatch):
    monkeypatch.setenv('HOME', '/home/me')


@pytest.mark.parametrize(
    ('argument', 'expected'),
    [
        ('~/x', '/home/me/x'),
        ('~', '/home/me'),
        ('data_root=~/x', '/home/me/x'),
        ('a.b.data_root=~/x=y', '/home/me/x=y'),
        ('data_root=$HOME/x', '$HOME/x'),
        ('data_root=a~/x', 'a~/x'),
        ('~nobody-there/x', '~nobody-there/x'),
        ('./~/x', './~/x'),
    ],
)
def test_home_in_arguments(argument, expected):
    parser = CommandParser()
    parser.add_argument('value')
    value = parser.parse_args([argument]).value
    assert value.removeprefix(argument.partition('=')[0] + '=') == expected


def test_home_in_options():
    parser = CommandParser()
    parser.add_argument('--work-dir')
    for args in (['--work-dir=~/w'], ['--work-dir', '~/w']):
        assert parser.parse_args(args).work_dir == '/home/me/w'


def test_home_in_configs(tmp_path):
    (tmp_path / 'a.py').write_text(
        "work_dir = '~/w'\nload_from = '~/a.pth'\n"
        "model = dict(type='~/no path', init_cfg=dict(checkpoint='~/b.pth'))\n"
        "val_dataloader = dict(dataset=[dict(data_root='~', ann_file='a~')])\n"
    )
    cfg = read_config(str(tmp_path / 'a.py'), {'load_from': '~/c.pth'})
    assert (cfg.work_dir, cfg.load_from) == ('/home/me/w', '/home/me/c.pth')
    assert cfg.model.init_cfg.checkpoint == '/home/me/b.pth'
    assert cfg.model.type == '~/no path'
    dataset = cfg.val_dataloader.dataset[0]
    assert (dataset.data_root, dataset.ann_file) == ('/home/me', 'a~')


def test_an_empty_argument_is_refused(capsys):
    parser = CommandParser()
    parser.add_argument('--work-dir')
    with pytest.raises(SystemExit) as end:
        parser.parse_args(['--work-dir', ''])
    assert end.value.code == 2
    assert 'an argument is empty' in capsys.readouterr().err
