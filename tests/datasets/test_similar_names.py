"""Which name may be meant by one that is not there."""

import pytest

from cosa_mmseg.datasets.similar_names import (
    IMAGE_SUFFIXES,
    describe_match,
    similar_name,
    strip_suffix,
)

NAMES = ['a/one.jpg', 'b/one.jpg', 'Bär 2.JPG', 'holiday_2024.png']


@pytest.mark.parametrize(
    ('name', 'meant'),
    [
        ('b\\one.jpg', 'b/one.jpg'),
        ('./a/one', 'a/one.jpg'),
        ('C:\\data\\b\\ONE.JPEG', 'b/one.jpg'),
        ('/data/pictures/b/one.jpg', 'b/one.jpg'),
        ('pictures/holiday_2024.jpg', 'holiday_2024.png'),
        ('B%C3%A4r%202.jpg', 'Bär 2.JPG'),
        ('"a/one.jpg"', 'a/one.jpg'),
        ('a/one.jpg.jpg', 'a/one.jpg'),
        ('holiday-2024.png', 'holiday_2024.png'),
    ],
)
def test_the_name_that_is_meant(name, meant):
    assert similar_name(name, NAMES) == f' (did you mean {meant!r}?)'


def test_nothing_is_made_up():
    assert similar_name('zebra.jpg', NAMES) == ''
    assert similar_name('zebra.jpg', []) == ''


def test_suffixes_are_those_of_images():
    assert {'.jpg', '.jfif', '.jp2', '.jpe', '.dib', '.tga'} <= IMAGE_SUFFIXES
    assert {'.pbm', '.pgm', '.avif', '.webp', '.heic'} <= IMAGE_SUFFIXES
    assert not {'.pdf', '.mpg', '.h5', '.eps', '.fits', ''} & IMAGE_SUFFIXES
    assert strip_suffix('a.JPG') == 'a'
    assert strip_suffix('v1.5') == 'v1.5'


THERE = ['a.jpg', 'b.jpg', 'my cat.jpg', 'sub/c.jpg']


@pytest.mark.parametrize(
    ('missing', 'text'),
    [
        (['sub\\c.jpg'], '; 1 of 1 match but for case, suffix, / or \\, %20 '),
        (['./a.jpg', './b.jpg', 'z'], '; 2 of 3 match but for case'),
        (['A.JPG', 'b.JPG'], '; 2 of 2 match'),
        (['a.png'], '; 1 of 1 match'),
        (['my%20cat.jpg'], '; 1 of 1 match'),
        (['/home/me/a.jpg'], 'in front, with /home/me/ left out'),
        (['C:\\me\\a.jpg'], 'with C:/me/ left out'),
        (
            ['/data/upload/3/ab12cd34-a.jpg', '/data/upload/3/0b12cd34-b.jpg'],
            '; 2 of 2 match but for case, suffix, / or \\, %20 and a code in '
            'front, with /data/upload/3/ left out',
        ),
        (
            ['pics/a.jpg', 'pics/sub/c.jpg'],
            'with pics/ left out (or with the folder of images my:',
        ),
        (
            ['c.jpg'],
            'with sub/ in front (or with the folder of images my/pics/sub',
        ),
        (['old/c.jpg'], 'with old/ replaced by sub/'),
    ],
)
def test_what_would_match(missing, text):
    assert text in describe_match(missing, THERE, 'my/pics')


def test_nothing_matches():
    assert describe_match(['x.jpg'], THERE, 'my') == ''
    assert describe_match([], THERE, 'my') == ''
    assert describe_match(['x.jpg'], [], 'my') == ''
    # which of two is not known
    assert describe_match(['A.jpg'], ['a.jpg', 'a.JPG']) == ''
