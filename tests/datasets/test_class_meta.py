"""Names and colours of classes that files of others bring along."""

import pytest

from cosa_mmseg.datasets.class_meta import check_dataset_meta
from cosa_mmseg.utils.palette import voc_palette

NAMES = ['background', 'cat']
COLOURS = [[0, 0, 0], [255, 0, 0]]
BAD_NAMES = (
    ['a', 'a'],
    ['a', ''],
    ['a', ' '],
    ['a', 5],
    ['a', None],
    ['a', ['b']],
    ['a', 'b\nc'],
    ['a', 'b\0'],
    ['a', '\x1b[31mb'],
    ['a', 'b\u2028c'],
    ['a', '\u202eb'],
    ['a', '\ud800'],
    ['a', 'b' * 201],
    'ab',
    2,
    None,
    {'a': 1, 'b': 2},
)
BAD_COLOURS = (
    COLOURS[:1],
    [*COLOURS, [1, 2, 3]],
    [[0, 0, 0], [0, 0]],
    [[0, 0, 0], [0, 0, 256]],
    [[0, 0, 0], [0, 0, -1]],
    [[0, 0, 0], ['1', '2', '3']],
    [[0, 0, 0], [0.5, 0, 0]],
    [[0, 0, 0], 'red'],
    'black, red',
    5,
)


@pytest.mark.parametrize('names', BAD_NAMES, ids=repr)
def test_what_is_no_list_of_names(names):
    meta = dict(classes=names, palette=COLOURS)
    with pytest.raises(ValueError, match=r'^a\.pth: ') as caught:
        check_dataset_meta(meta, 'a.pth')
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize('palette', BAD_COLOURS, ids=repr)
def test_what_is_no_colour_for_each_class(palette):
    meta = dict(classes=NAMES, palette=palette)
    with pytest.raises(ValueError, match=r'^a\.pth: palette must be 2 col'):
        check_dataset_meta(meta, 'a.pth')


def test_what_is_no_dict():
    with pytest.raises(ValueError, match=r"^a\.pth must be a dict, got 'a'"):
        check_dataset_meta('a', 'a.pth')


@pytest.mark.parametrize(
    'name',
    ['=1+1', '<b>', 'Hündin', '猫', 'a\u00a0b', 'می\u200cخواهم', '👩\u200d🚒'],
)
def test_names_of_all_languages(name):
    meta = dict(classes=('background', name))
    assert check_dataset_meta(meta, 'a.pth') == (
        ['background', name],
        voc_palette(2),
    )
