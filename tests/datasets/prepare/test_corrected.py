import json

import numpy as np
import pytest
from PIL import Image

from cosa_mmseg.cli import main
from cosa_mmseg.datasets.prepare.corrected import write_corrected

SQUARE = [[1, 1, 4, 1, 4, 3, 1, 3]]
RUNS = dict(size=[4, 6], counts=[0, 4, 20])  # the first column


def content(**changes):
    return dict(
        dict(
            images=[
                dict(id=1, file_name='sub/a.jpg', height=4, width=6),
                dict(id=2, file_name='b.png', height=4, width=6),
            ],
            categories=[dict(id=3, name='dog'), dict(id=8, name='cat')],
            annotations=[
                dict(id=1, image_id=1, category_id=8, segmentation=RUNS),
                dict(id=2, image_id=1, category_id=3, segmentation=SQUARE),
            ],
        ),
        **changes,
    )


@pytest.fixture
def write(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def written(**changes):
        path = tmp_path / 'masks.json'
        path.write_text(json.dumps(content(**changes)))
        return write_corrected(path, ('cat', 'dog'), 'out')

    return written


def test_polygons_and_runs(write, tmp_path):
    assert write() == (1, 1)
    expected = np.zeros((4, 6), int)
    expected[:, 0] = 1
    expected[1:3, 1:4] = 2
    found = np.asarray(Image.open(tmp_path / 'out/sub/a.png'))
    assert np.array_equal(found, expected)
    assert not (tmp_path / 'out/b.png').exists()


def test_crowds_are_ignored(write, tmp_path):
    crowd = dict(image_id=2, category_id=3, segmentation=RUNS, iscrowd=1)
    write(annotations=[crowd])
    found = np.asarray(Image.open(tmp_path / 'out/b.png'))
    assert np.unique(found).tolist() == [0, 255]


def annotation(**changes):
    one = dict(image_id=1, category_id=3, segmentation=SQUARE)
    return dict(annotations=[dict(one, **changes)])


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        (annotation(segmentation=[]), "has no 'segmentation': export masks"),
        (annotation(segmentation=[[1, 2]]), 'is neither a list of polygons'),
        (annotation(category_id=5), 'category 5 is not listed, or is none'),
        (annotation(image_id=9), 'there is no image 9'),
        (dict(categories=[dict(id=1, name='cow')]), r'none .* \(cow\) is one'),
        (dict(images={}), "'images' must be of type list"),
        (
            dict(images=[dict(id=1, file_name='../a.jpg', height=4, width=6)]),
            'is not below a folder',
        ),
        (
            dict(images=[dict(id=1, file_name='a', height=9**9, width=6)]),
            'the image has 387420489 x 6 pixels',
        ),
        (
            dict(images=2 * content()['images']),
            r"images\[2\]: the image 'sub/a.jpg', or its id 1, is there twice",
        ),
    ],
)
def test_what_is_wrong_is_said(write, changes, message):
    with pytest.raises(ValueError, match=message):
        write(**changes)


def test_images_that_differ_in_their_suffix_alone(write, tmp_path):
    images = content()['images']
    images[1]['file_name'] = 'sub/a.png'
    other = dict(image_id=2, category_id=3, segmentation=RUNS)
    annotations = [*content()['annotations'], other]
    assert write(images=images, annotations=annotations) == (2, 0)
    # as a training names them
    names = [path.name for path in sorted((tmp_path / 'out/sub').iterdir())]
    assert names == ['a.jpg.png', 'a.png.png']


def test_command(write, tmp_path, capsys):
    write()
    (tmp_path / 'labels.csv').write_text('image,labels\na,dog\nb,cat\n')
    args = ['prepare', 'masks', 'masks.json', '--out=more']
    main([*args, '--labels=labels.csv'])
    assert 'wrote 1 label maps of 2 classes' in capsys.readouterr().out
    found = np.asarray(Image.open(tmp_path / 'more/sub/a.png'))
    assert found[1, 1] == 2
