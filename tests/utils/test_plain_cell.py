import pytest

from cosa_mmseg.utils.plain_cell import plain_cell


@pytest.mark.parametrize(
    ('value', 'cell'),
    [
        ('=cmd|x', "'=cmd|x"),
        ('+1', "'+1"),
        ('-1', "'-1"),
        ('@A1', "'@A1"),
        ('\t=1', "'\t=1"),
        ('cat', 'cat'),
        ('a=b', 'a=b'),
        ('', ''),
        (-1.5, -1.5),
        (None, None),
    ],
)
def test_formulas_become_texts(value, cell):
    assert plain_cell(value) == cell
