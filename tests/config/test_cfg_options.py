"""Settings on a command line."""

import argparse
import re

import pytest

from cosa_mmseg.config.cfg_options import CfgOptionsAction


def parse(*options):
    parser = argparse.ArgumentParser()
    parser.add_argument('--cfg-options', nargs='+', action=CfgOptionsAction)
    return parser.parse_args(['--cfg-options', *options]).cfg_options


@pytest.mark.parametrize(
    ('text', 'value'),
    [
        ('1', 1),
        (' 1e-3', 1e-3),
        ('true', True),
        ('None', None),
        ('', ''),
        ('a=b', 'a=b'),
        ('1, 2', [1, 2]),
        ('( 1 ,2.5 )', (1, 2.5)),
        ('[(1, 2), [a, b], c]', [(1, 2), ['a', 'b'], 'c']),
        ('/home/me/my pictures', '/home/me/my pictures'),
        ('my (old) pictures', 'my (old) pictures'),
        ("'my pictures'", 'my pictures'),
        ('[background, red fox ,cat]', ['background', 'red fox', 'cat']),
        ('"red, fox"', 'red, fox'),
        ("'1'", '1'),
        ("'[a, b]'", ['a', 'b']),  # quotes that a shell has left
    ],
)
def test_values(text, value):
    assert parse(f'a.b={text}') == {'a.b': value}


@pytest.mark.parametrize(
    ('text', 'value'),
    [
        *[
            (name, name)
            for name in (
                'my,data',
                '[my], data',
                'a=b',
                '{x}',
                '(1, 2',
                '-x',
                'ü ß',
                '$HOME/x',
            )
        ],
        ('"my, data"', 'my, data'),
        ("'[a,b]'", '[a,b]'),
        ('"2024"', '2024'),
        ('2024', '2024'),
        ('None', None),
        ('None', None),
        ('', ''),
    ],
)
def test_paths_are_strings(text, value):
    for key in ('data_root', 'test_dataloader.dataset.data_root', 'work_dir'):
        assert parse(f'{key}={text}') == {key: value}


def test_options_are_collected_and_the_last_one_counts():
    found = parse('a=1 2', 'b=3', '--cfg-options', 'b=4', 'c=x y')
    assert found == {'a': '1 2', 'b': 4, 'c': 'x y'}


@pytest.mark.parametrize(
    ('option', 'words'),
    [
        ('data_root', "'data_root' is not KEY=VALUE, in quotes if"),
        ('=3', "'=3' is not KEY=VALUE"),
        ('a=[1,2', r"'a=\[1,2' cannot be read: .* is a list, \[a,b\]"),
        ("a={'b':[1,2]}", 'cannot be read: .* a dict is set key by key'),
    ],
)
def test_what_cannot_be_read_is_a_sentence(option, words, capsys):
    with pytest.raises(SystemExit) as caught:
        parse(option)
    assert caught.value.code == 2
    last = capsys.readouterr().err.strip().splitlines()[-1]
    assert 'error: argument --cfg-options: ' in last
    assert re.search(words, last)


@pytest.mark.parametrize('text', [',', '|', '/', '" "', '[,]'])
def test_a_separator_is_never_a_list(text):
    separator = text.strip('"')
    assert parse(f'label_separator={text}') == {'label_separator': separator}
