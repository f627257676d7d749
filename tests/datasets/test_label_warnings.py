"""What in labels is allowed, and said."""

import pytest

from cosa_mmseg.datasets.label_rows import ImageLabels
from cosa_mmseg.datasets.label_warnings import count_together, label_warnings


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
