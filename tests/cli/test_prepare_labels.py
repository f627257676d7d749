"""``cosa prepare labels``."""

import json
from functools import partial

import pytest

from .calls import cosa

LABELS = ('labels.csv', '--separator=|')
labels = partial(cosa, 'prepare', 'labels')


@pytest.fixture(autouse=True)
def files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'labels.csv').write_text('image,labels\na.jpg,cat|dog\n4,\n')
    return tmp_path


def test_report_and_conversion(files, capsys):
    labels(
        'labels.csv',
        'new.txt',
        '--separator=|',
        '--report=report.json',
    )
    printed = capsys.readouterr().out
    assert 'labels.csv: 2 images, 2 classes' in printed
    assert 'cat never without dog (1 images)' in printed
    assert printed.endswith('wrote new.txt\nwrote report.json\n')
    assert (files / 'new.txt').read_text() == 'a.jpg\tcat\tdog\n4\t\n'
    report = json.loads((files / 'report.json').read_text())
    assert report['co_occurrence'] == [[1, 1], [1, 1]]


def test_classes_have_the_order_that_is_asked_for(files):
    options = ['--separator=|', '--one-hot', '--classes', 'dog', 'owl', 'cat']
    labels('labels.csv', 'new.csv', *options)
    header = (files / 'new.csv').read_text().splitlines()[0]
    assert header == 'image,dog,owl,cat'


def test_options_decide_what_is_not_clear(files, capsys):
    text = 'image,cat,verified\na.jpg,1,1\na.jpg,0,1\n'
    (files / 'table.csv').write_text(text)
    with pytest.raises(SystemExit, match="error: .*'verified' .*--classes"):
        labels('table.csv')
    with pytest.raises(SystemExit, match='error: .*--union'):
        labels('table.csv', '--classes', 'cat')
    labels(
        'table.csv',
        'new.txt',
        '--classes',
        'cat',
        '--union',
    )
    printed = capsys.readouterr().out
    assert 'WARNING: columns that are not read: verified\n' in printed
    assert (files / 'new.txt').read_text() == 'a.jpg\tcat\n'


def test_names_that_would_match_are_said(files, capsys):
    (files / 'pics').mkdir()
    (files / 'pics/a.jpg').touch()
    (files / 'back.txt').write_text('pics\\a.jpg\tcat\n')
    assert labels('back.txt', '--images=pics') == 1
    assert '1 of 1 match but for case' in capsys.readouterr().out


def test_bad_images_make_the_status_1(files, capsys):
    (files / 'pics').mkdir()
    (files / 'pics/a.jpg').touch()
    assert labels('labels.csv', '--separator=|', '--images=pics') == 1
    printed = capsys.readouterr().out
    assert 'images without a file: 1\n  4' in printed
    assert 'cannot be read: 1\n  pics/a.jpg is empty' in printed


def test_nothing_is_replaced_by_a_call_that_fails(files):
    (files / 'new.txt').write_text('old')
    with pytest.raises(SystemExit, match='no folder of images'):
        labels(
            'labels.csv',
            'new.txt',
            '--separator=|',
            '--images=no',
        )
    assert (files / 'new.txt').read_text() == 'old'


def test_a_folder_of_classes_has_its_images(files, capsys):
    (files / 'set/cat').mkdir(parents=True)
    (files / 'set/cat/a.jpg').touch()
    assert labels('set') == 1
    assert 'set/cat/a.jpg is empty' in capsys.readouterr().out


@pytest.mark.parametrize(
    ('args', 'message'),
    [
        (['no.csv'], 'error: no label file no.csv'),
        (['labels.csv'], "error: labels.csv line 2: the class 'cat|dog' is"),
        ([*LABELS, '--classes', 'cat'], "error: unknown class 'dog'"),
        (['labels.csv', 'new.xml', LABELS[1]], 'error: new.xml must end'),
        ([*LABELS, '--images', 'no'], "error: no folder of images 'no'"),
    ],
)
def test_errors_are_one_sentence(args, message):
    with pytest.raises(SystemExit) as exit_:
        labels(*args)
    assert str(exit_.value.code).startswith(message)
    assert '\n' not in str(exit_.value.code)


def test_help_names_the_formats(capsys):
    with pytest.raises(SystemExit) as exit_:
        labels('--help')
    assert exit_.value.code == 0
    assert 'a.jpg<TAB>cat<TAB>dog' in capsys.readouterr().out
