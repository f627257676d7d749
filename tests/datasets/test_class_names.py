"""Names of classes: spellings of one, and several in one."""

import pytest

from cosa_mmseg.datasets.class_names import (
    clean_name,
    find_alike,
    find_joined,
    has_number,
    is_empty,
    look,
    tidy,
)


@pytest.mark.parametrize(
    'name',
    [
        *('traffic light', 'traffic\u00a0light', 'traffic  light'),
        *(
            'traffic\u200b light',
            '\ufefftraffic light\u200e',
            "'traffic light'",
        ),
        *(' traffic light ', '"traffic light"', 'traf\u00adfic light'),
    ],
)
def test_what_cannot_be_seen_does_not_count(name):
    assert clean_name(name, 'class') == 'traffic light'


@pytest.mark.parametrize(
    'name', ['Kühe', '猫', "dog's", 'C++', 'می‌خواهم', '👩‍🌾', '(other)', '"']
)
def test_names_that_stay(name):
    assert tidy(name) == name


@pytest.mark.parametrize(
    ('name', 'other', 'alike'),
    [
        ('Cat', 'cat', True),
        ('ｃａｔ', 'cat', True),
        ('traffic_light', 'Traffic light', True),
        ('STRASSE', 'straße', True),
        ('t-shirt', 'tshirt', False),
        ('-', '_', True),
        ('cat?', 'cat', True),
        ('C', 'C++', False),
        ('1', '-1', False),
        ('v1', 'v1.1', False),
    ],
)
def test_spellings(name, other, alike):
    assert (look(name) == look(other)) == alike
    assert find_alike(['x', name, other]) == ([name, other] if alike else [])


def test_words_for_nothing():
    for name in ('none', 'None', 'NaN', 'null', 'N/A', '-', '[]', '<NA>'):
        assert is_empty(name)
    assert not any(map(is_empty, ['nun', 'naan', '0', 'other', 'unknown']))


@pytest.mark.parametrize(
    ('names', 'joined'),
    [
        (['cat', 'dog', 'cat|dog'], 'cat|dog'),
        (['cat', 'cat, unicorn'], 'cat, unicorn'),
        (['cat|dog', 'cat|fish', 'dog|fish'], 'cat|dog'),
        (['cat', 'fish/cat'], 'fish/cat'),
        (['cat', 'dog and cat'], 'dog and cat'),
        (['Cat', 'dog', 'cat + dog'], 'cat + dog'),
        (['cat', 'dog', 'cat dog'], 'cat dog'),
        (['cat', 'cat & dog'], 'cat & dog'),
        (['cat', 'dog', 'cat#dog'], 'cat#dog'),
        (['cat|dog', 'bird'], 'cat|dog'),
        (['cat', 'cat，dog', 'dog'], 'cat，dog'),
        (['cat', 'cat、dog'], 'cat、dog'),
        # one class each
        (['cat/dog', 'bird'], None),
        (['vehicle', 'vehicle/car', 'vehicle/truck'], None),
        (['polar bear', 'brown bear', 'bear'], None),
        (['New York, NY', 'Buffalo, NY'], None),
        (['C', 'C++', 'R&B'], None),
        (['1:10', 'size (2)'], None),
    ],
)
def test_several_classes_in_a_name(names, joined):
    assert find_joined(names, ()) == ([joined] if joined else [])
    assert not find_joined(names, names)  # where they are listed


def test_scores_and_flags_in_a_name():
    for name in ('cat: 0.9', 'dog (0.51)', 'cat=1', 'cat: 90%', 'cat 0.9'):
        assert has_number(name)
    assert has_number('1 0 1') and has_number('3 0.5 0.5')
    for name in ('size (2)', '1:10', 'A380', 'Windows 3.11', 'route 66', '10'):
        assert not has_number(name)
