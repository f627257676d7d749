"""What would make listed names those of images."""

import pytest

from cosa_mmseg.datasets.name_matching import describe_match

FILES = ['a.jpg', 'b.jpg', 'my cat.jpg', 'sub/c.jpg']


@pytest.mark.parametrize(
    ('missing', 'text'),
    [
        (['sub\\c.jpg'], '1 of 1 match with / for \\'),
        (['./a.jpg', './b.jpg', 'z'], '2 of 3 match with ./ left out'),
        (['A.JPG', 'b.JPG'], '2 of 2 match with another case'),
        (['a.png'], '1 of 1 match with another suffix'),
        (['my%20cat.jpg'], '1 of 1 match with %20 and the like read'),
        (['/home/me/a.jpg'], '1 of 1 match with /home/me/ left out'),
        (['C:\\me\\a.jpg'], r'with / for \ and C:/me/ left out'),
        (
            ['/data/upload/3/ab12cd34-a.jpg', '/data/upload/3/0b12cd34-b.jpg'],
            '2 of 2 match with the code in front left out and /data/upload/3/ '
            'left out',
        ),
        (
            ['pics/a.jpg', 'pics/sub/c.jpg'],
            '2 match with pics/ left out (or with the folder of images my',
        ),
        (
            ['c.jpg'],
            'sub/ in front (or with the folder of images my/pics/sub',
        ),
        (['old/c.jpg'], '1 of 1 match with old/ replaced by sub/'),
    ],
)
def test_what_would_match(missing, text):
    found = describe_match(missing, FILES, 'my/pics')
    assert text in found
    assert found.startswith('; ')


def test_nothing_matches():
    assert describe_match(['x.jpg'], FILES, 'my') == ''
    assert describe_match([], FILES, 'my') == ''
    assert describe_match(['x.jpg'], [], 'my') == ''
    # which of two is not known
    assert describe_match(['A.jpg'], ['a.jpg', 'a.JPG']) == ''
