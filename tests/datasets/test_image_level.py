"""Labels from a JSON file, and errors that name what is wrong."""

import json

import pytest

from cosa_mmseg.datasets import ImageLabelDataset

CLASSES = ('background', 'cat', 'dog', 'cow')


@pytest.fixture
def make(tmp_path):
    """Build a data set of the images a, b, c with these labels."""

    def build(labels, lines='a\nb\n\nc\n', classes=CLASSES, **kwargs):
        (tmp_path / 'list.txt').write_text(lines)
        text = labels if isinstance(labels, str) else json.dumps(labels)
        (tmp_path / 'labels.json').write_text(text)
        arguments = dict(
            ann_file='list.txt',
            label_file='labels.json',
            data_root=str(tmp_path),
            data_prefix=dict(img_path='img', seg_map_path='masks'),
            metainfo=dict(classes=classes),
        )
        return ImageLabelDataset(**{**arguments, **kwargs})

    return build


def test_training_samples(make, tmp_path):
    dataset = make({'c': ['cow'], 'a': ['dog', 'cat', 'dog'], 'b': ['cat']})

    infos = [dataset.get_data_info(i) for i in range(len(dataset))]

    assert [info['img_id'] for info in infos] == ['a', 'b', 'c']
    assert [info['gt_label'] for info in infos] == [[0, 1], [0], [2]]
    assert infos[0]['img_path'] == str(tmp_path / 'img' / 'a.jpg')
    for info in infos:
        assert 'seg_map_path' not in info
        assert info['seg_fields'] == []
        assert info['reduce_zero_label'] is False


def test_evaluation_samples_have_masks_and_may_lack_a_label(make, tmp_path):
    dataset = make({'a': [], 'b': ['dog']}, test_mode=True)

    infos = [dataset.get_data_info(i) for i in range(len(dataset))]

    assert [info.get('gt_label') for info in infos] == [[], [1], None]
    assert infos[1]['seg_map_path'] == str(tmp_path / 'masks' / 'b.png')


@pytest.mark.parametrize('prefix', [{}, {'seg_map_path': None}])
def test_evaluation_without_masks_and_labels(make, prefix):
    dataset = make(
        {},
        label_file=None,
        data_prefix=dict(img_path='img', **prefix),
        test_mode=True,
    )

    assert len(dataset) == 3
    assert not {'seg_map_path', 'gt_label'} & set(dataset.get_data_info(0))


def test_absolute_label_file(make, tmp_path):
    (tmp_path / 'other.json').write_text('{"a": ["cow"]}')

    dataset = make({}, 'a', label_file=str(tmp_path / 'other.json'))

    assert dataset.get_data_info(0)['gt_label'] == [2]


def test_images_with_an_empty_label_are_dropped_and_counted(make, capfd):
    dataset = make({'a': [], 'b': ['cat'], 'c': []})

    assert [dataset.get_data_info(i)['img_id'] for i in range(1)] == ['b']
    assert len(dataset) == 1
    assert 'dropped 2 of 3 images' in ''.join(capfd.readouterr())


@pytest.mark.parametrize(
    ('labels', 'words'),
    [
        ({'a': ['cat'], 'b': ['dog']}, ['1 of the 3', "'c'", 'labels.json']),
        ({'a': ['cat'], 'b': ['mouse'], 'c': []}, ["'mouse'", "'b'"]),
        ({'a': ['cat'], 'b': ['mouse'], 'c': []}, ['cat, dog, cow']),
        ({'a': ['background'], 'b': [], 'c': []}, ["class 'background'"]),
        ({'a': 'cat', 'b': [], 'c': []}, ["'a'", 'must be a list', "'cat'"]),
        ({'a': [], 'b': [], 'c': []}, ['none of the 3', 'list.txt']),
        (['a'], ['labels.json must hold an object', 'list']),
        ('{"a": [', ['labels.json is not JSON']),
    ],
)
def test_errors_of_labels(make, labels, words):
    with pytest.raises((ValueError, FileNotFoundError)) as err:
        make(labels)
    for word in words:
        assert word in str(err.value)


@pytest.mark.parametrize(
    ('change', 'words'),
    [
        (dict(ann_file='nowhere.txt'), ['no image list', 'nowhere.txt']),
        (dict(ann_file=''), ['no image list', '`ann_file`']),
        (dict(lines='\n \n'), ['list.txt is empty']),
        (dict(label_file='no.json'), ['no label file', 'no.json']),
        (dict(label_file=None), ['no labels to train with', '`label_file`']),
        (dict(metainfo=None), ['needs its classes', 'metainfo']),
        (dict(classes=('background',)), ['needs its classes']),
    ],
)
def test_errors_of_settings(make, change, words):
    with pytest.raises((ValueError, FileNotFoundError)) as err:
        make({'a': ['cat'], 'b': ['cat'], 'c': ['cat']}, **change)
    for word in words:
        assert word in str(err.value)
