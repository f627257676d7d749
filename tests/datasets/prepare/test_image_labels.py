"""Image-level labels from format to format, and the report about them."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from cosa_mmseg.datasets.class_names import tidy
from cosa_mmseg.datasets.label_files import read_labels
from cosa_mmseg.datasets.label_rows import ImageLabels, LabelOptions
from cosa_mmseg.datasets.prepare.image_labels import write_labels
from cosa_mmseg.datasets.prepare.label_report import (
    format_report,
    report_labels,
    write_report,
)
from cosa_mmseg.datasets.similar_names import strip_suffix

NAMES = {
    'a b.jpg': ['cat', 'traffic light'],
    'sub/ü.png': ['dog'],
    'none.jpg': [],
}
FORMATS = ['a.csv', 'a.json', 'a.jsonl', 'a.txt']


def table(names, *classes):
    found = {c for shown in names.values() for c in shown}
    return ImageLabels('mine', classes or tuple(sorted(found)), names, {})


def write_images(root, *names):
    for number, name in enumerate(names):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((4, 4, 3), number, np.uint8)).save(root / name)


@pytest.mark.parametrize(
    ('name', 'one_hot', 'text'),
    [
        ('a.csv', False, 'image,labels\na,cat;dog\n"b,c",\n'),
        ('a.csv', True, 'image,cat,dog\na,1,1\n"b,c",0,0\n'),
        ('a.json', False, '{\n"a": ["cat", "dog"],\n"b,c": []\n}\n'),
        (
            'a.jsonl',
            False,
            '{"image": "a", "labels": ["cat", "dog"]}\n'
            '{"image": "b,c", "labels": []}\n',
        ),
        ('a.txt', False, 'a\tcat\tdog\nb,c\t\n'),
    ],
)
def test_what_is_written(tmp_path, name, one_hot, text):
    path = tmp_path / 'new' / name
    write_labels(table({'a': ['cat', 'dog'], 'b,c': []}), path, one_hot)
    assert path.read_text() == text


WORDS = (
    st.text(
        st.characters(exclude_categories=('Cc', 'Cs')), min_size=1, max_size=6
    )
    .map(tidy)
    .filter(lambda word: word not in ('', 'background', 'image', 'labels'))
    .filter(lambda word: word[0] not in '=+-@')  # formulas
    .filter(lambda word: word == tidy(word).strip('\u200b'))
    .filter(lambda word: word == strip_suffix(word))  # names of pictures
)


@pytest.mark.parametrize(
    ('name', 'one_hot'), [*((name, False) for name in FORMATS), ('a.csv', 1)]
)
@given(
    names=st.dictionaries(
        WORDS, st.lists(WORDS, min_size=1, unique=True), min_size=1
    )
)
@settings(max_examples=40, deadline=None)
def test_what_is_written_is_read_again(tmp_path_factory, name, one_hot, names):
    labels = table(names)
    if name == 'a.csv' and not one_hot and ';' in ''.join(labels.classes):
        with pytest.raises(ValueError, match='; between'):
            write_labels(labels, 'never.csv')
        return
    path = tmp_path_factory.getbasetemp() / name
    write_labels(labels, path, one_hot)
    # listed, as words such as `none` are read otherwise by themselves
    again = read_labels(str(path), LabelOptions(classes=labels.classes))
    assert again.classes == labels.classes
    assert {i: set(n) for i, n in again.names.items()} == {
        i: set(n) for i, n in names.items()
    }


def test_a_folder_of_copies(tmp_path):
    write_images(tmp_path / 'pics', 'a b.jpg', 'sub/ü.png', 'x.png')
    names = {'a b': ['cat', 'dog'], 'sub/ü.png': ['dog'], 'x': []}
    write_labels(table(names), tmp_path / 'tree', images=tmp_path / 'pics')

    tree = tmp_path / 'tree'
    original = (tmp_path / 'pics/a b.jpg').read_bytes()
    assert (tree / 'cat/a b.jpg').read_bytes() == original
    assert read_labels(str(tree)).names == {
        'cat/a b.jpg': ['cat', 'dog'],
        'dog/sub/ü.png': ['dog'],
        'background/x.png': [],
    }


@pytest.mark.parametrize(
    ('names', 'path', 'arguments', 'message'),
    [
        (NAMES, 'a.xml', {}, 'a.xml must end with .csv, .json, .jsonl, .txt,'),
        (NAMES, 'a.txt', dict(one_hot=True), 'one-hot labels are for a .csv'),
        ({'a': ['x;y']}, 'a.csv', {}, "class 'x;y' cannot be in a column"),
        ({'a': ['=1']}, 'a.csv', {}, "take the cell '=1' for a formula"),
        ({'@a': ['x']}, 'a.csv', dict(one_hot=1), "the cell '@a' for a form"),
        ({'a': []}, 'a.csv', dict(one_hot=True), 'need a class'),
        ({'a': ['image']}, 'a.csv', dict(one_hot=True), 'columns image and'),
        (NAMES, 'tree', {}, 'tree has no suffix, so it is a folder'),
        ({'a': ['x/y']}, 'tree', dict(images='.'), "'x/y' cannot be the name"),
        ({'a': ['.x']}, 'tree', dict(images='.'), "'.x' cannot be the name"),
        ({'a': ['x']}, 'tree', dict(images='no'), "no folder of images 'no'"),
    ],
)
def test_what_a_format_cannot_hold(
    tmp_path, monkeypatch, names, path, arguments, message
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        write_labels(table(names), path, **arguments)
    assert not any(tmp_path.iterdir())


def test_counts():
    names = {
        'a': ['boat', 'water'],
        'b': ['water'],
        'c': ['boat', 'water', 'cat'],
        'd': [],
    }
    report = report_labels(table(names, 'boat', 'cat', 'unseen', 'water'))

    assert report.num_images == 4
    assert report.images_per_class == {
        'boat': 2,
        'cat': 1,
        'unseen': 0,
        'water': 3,
    }
    assert report.labels_per_image == {0: 1, 1: 1, 2: 1, 3: 1}
    assert report.co_occurrence == [
        [2, 1, 0, 2],
        [1, 1, 0, 1],
        [0, 0, 0, 0],
        [2, 1, 0, 3],
    ]
    assert report.never_without == [
        ('boat', 'water'),
        ('cat', 'boat'),
        ('cat', 'water'),
    ]
    assert report.without_class == ['d']
    assert report.ok


@pytest.fixture
def pictures(tmp_path):
    write_images(tmp_path, 'a.jpg', 'sub/b.png', 'extra.bmp', 'bad.jpg')
    (tmp_path / 'bad.jpg').write_bytes(b'no image')
    names = {'a': ['cat'], 'sub/b.png': [], 'gone': ['cat'], 'bad': ['dog']}
    return report_labels(table(names), tmp_path)


def test_files_are_compared_with_the_labels(pictures):
    assert pictures.missing == ['gone']
    (bad,) = pictures.unreadable
    assert 'bad.jpg is damaged or no image' in bad
    assert pictures.without_label == ['extra.bmp']
    assert not pictures.ok


def test_copies_in_a_folder_of_classes_have_a_label(tmp_path):
    names = ['cat/a.jpg', 'dog/b.jpg', 'kühe/b.jpg', 'c.jpg']
    write_images(tmp_path, *names)
    copy = (tmp_path / 'dog/b.jpg').read_bytes()
    (tmp_path / 'kühe/b.jpg').write_bytes(copy)

    report = report_labels(read_labels(str(tmp_path)), tmp_path)

    assert report.images_per_class == {'cat': 1, 'dog': 1, 'kühe': 1}
    assert report.without_label == ['c.jpg']


def test_text(pictures):
    text = format_report(pictures)

    assert text.startswith('mine: 4 images, 2 classes, 1 without a label\n')
    assert '|  1 |   cat |      2 |' in text
    assert 'images with 0, 1 classes: 1, 3' in text
    assert 'ERROR: images without a file: 1\n  gone' in text
    assert 'ERROR: images that cannot be read: 1\n' in text
    assert 'image files without a label: 1\n  extra.bmp' in text
    assert 'WARNING' not in text


def test_a_comma_in_a_name_is_said():
    """What most people type between the classes of a cell."""
    text = format_report(report_labels(table({'a': ['cat, dog'], 'b': ['c']})))
    assert 'WARNING: names with a character that may stand between' in text


def test_long_text_is_cut():
    names = {str(i): [f'a{2 * i}', f'a{2 * i + 1}'] for i in range(30)}
    text = format_report(report_labels(table(names)))
    assert 'tell these apart: a0 never without a1 (1 images)' in text
    assert text.endswith('and 50 more')
    assert text.count('never without') == 10
    assert 'show both' not in text  # a matrix of 60 classes is too wide


def test_json(pictures, tmp_path):
    write_report(pictures, tmp_path / 'new' / 'report.json')
    content = json.loads((tmp_path / 'new/report.json').read_text())
    assert content['images_per_class'] == {'cat': 2, 'dog': 1}
    assert content['labels_per_image'] == {'0': 1, '1': 3}
    assert content['missing'] == ['gone']
