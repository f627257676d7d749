"""Which name may be meant by one that is not there."""

import pytest

from cosa_mmseg.datasets.similar_names import (
    IMAGE_SUFFIXES,
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
