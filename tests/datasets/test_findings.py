"""What is likely a mistake in lists and labels."""

import json
import logging

import pytest
from mmengine.dataset import ConcatDataset, RepeatDataset

from cosa_mmseg.datasets import ImageLabelDataset
from cosa_mmseg.datasets.findings import (
    count_together,
    find_in_data,
    find_in_labels,
    find_shared,
    label_warnings,
)
from cosa_mmseg.datasets.label_rows import ImageLabels


@pytest.fixture
def make(tmp_path):
    def build(labels, lines='', **kwargs):
        path = tmp_path / f'{len(list(tmp_path.iterdir()))}.json'
        path.write_text(json.dumps(labels))
        (tmp_path / 'list.txt').write_text(lines)
        return ImageLabelDataset(
            ann_file='list.txt' if lines else '',
            label_file=path.name,
            data_root=str(tmp_path),
            metainfo=dict(classes=('background', 'cat', 'dog')),
            **kwargs,
        )

    return build


@pytest.mark.parametrize(
    ('labels', 'named'),
    [
        ([['cat'], ['cat', 'dog']], "'cat'"),
        ([['cat', 'dog'], ['dog', 'cat']], "'cat', 'dog'"),
        ([['cat'], ['dog']], ''),
        ([['cat'], ['dog'], []], ''),
    ],
)
def test_a_class_of_every_image_is_named(make, labels, named):
    found = find_in_labels(make(dict(zip('abc', labels, strict=False))))
    assert len(found) == bool(named)
    for level, sentence in found:
        assert level == logging.WARNING
        assert f'the 2 images shows {named}: nothing' in sentence


def test_the_parts_of_a_training_set_are_one(make):
    cats, dogs = make({'a': ['cat'], 'b': ['cat']}), make({'c': ['dog']})
    assert find_in_labels(RepeatDataset(cats, times=2))
    assert not find_in_labels(ConcatDataset([cats, dogs]))


def test_scored_images_that_are_trained_with_are_counted(make):
    train = make({'a': ['cat'], 'b': ['dog']})
    scored = make({'b': ['dog'], 'c': ['cat']}, test_mode=True)
    ((level, sentence),) = find_shared(train, scored)
    assert level == logging.WARNING
    assert sentence.startswith('1 of the 2 images that are scored are trained')
    others = make({'c': ['cat']}, test_mode=True)
    assert not find_shared(train, others)
    assert find_in_data(train, None) == find_in_data(train, others) == []
    assert find_in_data(train, scored) == [(level, sentence)]


def test_what_the_label_file_leaves_open_is_said(make):
    dataset = make({'a': ['CAT'], 'b': ['none'], 'c': ['dog']})
    (empty, _), (spelt, _) = [
        (sentence, level) for level, sentence in find_in_labels(dataset)
    ]
    assert empty.startswith("labels that are read as no class: 'none' (1 im")
    assert spelt == "names that are read: 'CAT' (1 images) as 'cat'"


def table(*names, classes=()):
    found = {c for shown in names for c in shown}
    images = dict(zip(map(str, range(len(names))), names, strict=True))
    return ImageLabels(
        'mine', tuple(sorted({*found, *classes})), images, {}, ('a note',)
    )


@pytest.mark.parametrize(
    ('labels', 'message'),
    [
        (table(['a'], ['b'], classes=['owl']), "no image shows 'owl'"),
        (table(['a'], ['a', 'b']), "every one of the 2 images shows 'a'"),
        (table(['a', 'b'], ['b'], []), 'apart: a never without b (1 images)'),
        (table(['a, b'], ['c']), "`label_separator`): 'a, b'"),
        (table(['cat dog'], ['cat']), "made of words of others: 'cat dog'"),
        (table(['a b'], ['b c'], ['a c']), "others: 'a b', 'a c', 'b c'; is"),
        (table(['Unknown'], ['c']), "hardly those of classes.*'Unknown'"),
        (table(['10'], ['2']), "numbers, sorted as text: '10', '2'; are they"),
    ],
)
def test_what_is_said(labels, message):
    note, sentence = label_warnings(labels)
    assert note == 'a note'
    for part in message.split('.*'):
        assert part in sentence
    assert '\n' not in sentence


def test_a_good_set_has_no_warnings():
    assert label_warnings(table(['a'], ['b'], ['a', 'b'], [])) == ['a note']
    names = table(['polar bear'], ['brown bear'], ['bear'], ['hot dog'])
    assert label_warnings(names) == ['a note']


def test_counts_of_many_classes_take_little_memory():
    names = [[f'c{i}', f'c{(i + 1) % 254}'] for i in range(254)]
    together = count_together(table(*names))
    assert together.shape == (254, 254)
    assert together.trace() == 508
    assert together.sum() == 4 * 254
