"""Images, labels and classes of a data set, and errors that name the cause."""

import json

import pytest

from cosa_mmseg.datasets import (
    COCOImageLabelDataset,
    ImageLabelDataset,
    VOCImageLabelDataset,
)
from cosa_mmseg.utils.palette import voc_palette

CLASSES = ('background', 'cat', 'dog', 'cow')


@pytest.fixture
def make(tmp_path):
    """Build a data set of the images a, b, c with these labels."""

    def build(
        labels,
        lines='a\nb\n\nc\n',
        classes=CLASSES,
        kind=ImageLabelDataset,
        **kwargs,
    ):
        (tmp_path / 'list.txt').write_text(lines)
        text = labels if isinstance(labels, str) else json.dumps(labels)
        (tmp_path / 'labels.json').write_text(text)
        arguments = dict(
            ann_file='list.txt',
            label_file='labels.json',
            data_root=str(tmp_path),
            data_prefix=dict(img_path='img', seg_map_path='masks'),
            metainfo=dict(classes=classes),
            serialize_data=False,  # spares mmengine's tidying of memory
        )
        return kind(**{**arguments, **kwargs})

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


def test_images_with_an_empty_label_are_trained_with_and_counted(make, capfd):
    dataset = make({'a': [], 'b': ['cat'], 'c': []})

    labels = [dataset.get_data_info(i)['gt_label'] for i in range(3)]
    assert labels == [[], [0], []]
    said = ''.join(capfd.readouterr())
    assert '2 of 3 images' in said
    assert 'are trained with as background' in said


@pytest.mark.parametrize('kind', [VOCImageLabelDataset, COCOImageLabelDataset])
def test_published_lists_are_without_empty_labels(make, kind, capfd):
    dataset = make({'a': [], 'b': ['cat'], 'c': []}, kind=kind, classes=None)

    assert [info['img_id'] for info in dataset] == ['b']
    said = ''.join(capfd.readouterr())
    assert '2 of 3 images' in said
    assert 'are dropped' in said


@pytest.mark.parametrize(
    ('labels', 'words'),
    [
        ({'a': ['cat'], 'b': ['dog']}, ['1 of the 3', "'c'", 'labels.json']),
        ({'a': ['cat'], 'b': ['mouse'], 'c': []}, ["'mouse'", "'b'"]),
        ({'a': ['cat'], 'b': ['mouse'], 'c': []}, ['cat, dog, cow']),
        ({'a': ['background'], 'b': [], 'c': []}, ['none of the 3']),
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
        (dict(ann_file='.'), ['is a folder, and must be a file']),
        (dict(lines='\n \n'), ['list.txt is empty']),
        (dict(label_file='no.json'), ['no label file', 'no.json']),
        (dict(label_file=None), ['no labels to train with', '`label_file`']),
        (
            dict(classes=[str(i) for i in range(256)]),
            ['256 classes', 'at most 255'],
        ),
        (dict(classes=('background',)), ['has the background alone']),
        (dict(classes=('cat', 'dog')), ["'background'", "with 'cat'"]),
        (dict(classes=('cat', 'background')), ["begins with 'cat'"]),
        (dict(classes=(*CLASSES, 'cat')), ['more than once', "'cat'"]),
    ],
)
def test_errors_of_settings(make, change, words):
    with pytest.raises((ValueError, FileNotFoundError)) as err:
        make({'a': ['cat'], 'b': ['cat'], 'c': ['cat']}, **change)
    for word in words:
        assert word in str(err.value)


def test_classes_may_be_a_file(make, tmp_path):
    (tmp_path / 'classes.txt').write_text('background\ndog\ncat\n')
    path = str(tmp_path / 'classes.txt')
    dataset = make({'a': ['cat']}, 'a\n', classes=path)
    assert dataset[0]['gt_label'] == [1]
    (tmp_path / 'classes.txt').write_text('dog\ncat\n')
    with pytest.raises(ValueError, match="begins with 'dog'"):
        make({'a': ['cat']}, 'a\n', classes=path)


@pytest.mark.parametrize('test_mode', [False, True])
def test_an_image_that_is_listed_twice_counts_once(make, test_mode, capfd):
    dataset = make({'a': ['cat']}, 'a\na \n', test_mode=test_mode)
    assert len(dataset) == 1
    said = ''.join(capfd.readouterr())
    assert 'lists 1 of 1 images more than once; each counts once' in said


def test_the_line_of_a_bad_label_is_named(make, tmp_path):
    (tmp_path / 'labels.csv').write_text('image,labels\na,cat\nb,mouse\n')
    with pytest.raises(
        ValueError, match="'mouse' .* 'b' in .*csv line 3; kno"
    ):
        make({}, 'a\nb\n', label_file='labels.csv')
    # of images that are not listed, anything goes
    assert len(make({}, 'a\n', label_file='labels.csv')) == 1


def test_names_of_the_label_file_may_have_suffixes(make):
    dataset = make({'a.jpg': ['cat'], 'b.jpg': ['dog']}, 'b\na\n')
    assert [dataset.get_data_info(i)['gt_label'] for i in range(2)] == [
        [1],
        [0],
    ]


def test_classes_of_the_label_file(make):
    labels = {'a': ['owl', 'bee'], 'b': ['cow'], 'c': ['owl']}
    for metainfo in (None, dict(classes=None)):
        dataset = make(labels, metainfo=metainfo)
        assert dataset.metainfo['classes'] == (
            'background',
            'bee',
            'cow',
            'owl',
        )
        assert dataset.metainfo['palette'] == voc_palette(4)
        assert dataset.get_data_info(0)['gt_label'] == [0, 2]


def test_images_without_an_image_list(make, tmp_path):
    labels = {'c': ['cow'], 'a.jpg': ['dog']}
    dataset = make(labels, ann_file='')
    assert [dataset.get_data_info(i)['img_id'] for i in (0, 1)] == ['a', 'c']
    assert dataset.get_data_info(0)['img_path'].endswith('/img/a.jpg')
    assert dataset.get_data_info(0)['gt_label'] == [1]

    for name in ('x.jpg', 'in/z.jpg', 'y.png', 'notes.txt'):
        (tmp_path / 'img' / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / 'img' / name).touch()
    alone = dict(ann_file='', label_file=None, test_mode=True)
    dataset = make({}, **alone)
    ids = [dataset.get_data_info(i)['img_id'] for i in range(len(dataset))]
    assert ids == ['in/z', 'x']
    dataset = make({}, **alone, img_suffix=None)
    ids = [dataset.get_data_info(i)['img_id'] for i in range(len(dataset))]
    assert ids == ['in/z.jpg', 'x.jpg', 'y.png']
    with pytest.raises(FileNotFoundError, match='no image below .* with .gif'):
        make({}, **alone, img_suffix='.gif')
    with pytest.raises(FileNotFoundError, match="no folder of images '.*no'"):
        make({}, **alone, data_prefix=dict(img_path='no'))


@pytest.fixture
def look_up(make, tmp_path):
    """The data set with its files looked up among these."""

    def build(files, *args, **kwargs):
        for name in files:
            (tmp_path / 'img' / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / 'img' / name).touch()
        return make(*args, img_suffix=None, **kwargs)

    return build


def test_files_are_looked_up_with_or_without_suffix(look_up, tmp_path):
    dataset = look_up(
        ['a.jpg', 'sub dir/ü.PNG', '7.v2.bmp', 'other.png'],
        {'a': ['cat'], 'sub dir/ü.PNG': ['dog'], '7.v2.bmp': ['cow']},
        'sub dir/ü\n7.v2\na.jpg\n',
        test_mode=True,
    )
    infos = [dataset.get_data_info(i) for i in range(3)]
    img, masks = tmp_path / 'img', tmp_path / 'masks'
    assert [(i['img_id'], i['img_path'], i['gt_label']) for i in infos] == [
        ('sub dir/ü', str(img / 'sub dir/ü.PNG'), [1]),
        ('7.v2', str(img / '7.v2.bmp'), [2]),
        ('a.jpg', str(img / 'a.jpg'), [0]),
    ]
    assert [info['seg_map_path'] for info in infos] == [
        str(masks / 'sub dir/ü.png'),
        str(masks / '7.v2.png'),
        str(masks / 'a.png'),
    ]


def test_pictures_of_one_stem_have_masks_of_their_own(look_up, capfd):
    files = ['a.jpg', 'a.png', 'b.jpg', 'c.png']
    lines = ''.join(f'{file}\n' for file in files)
    dataset = look_up(files, {}, lines, label_file=None, test_mode=True)
    infos = [dataset.get_data_info(i) for i in range(4)]
    masks = [info['seg_map_path'].rpartition('/')[2] for info in infos]
    assert masks == ['a.jpg.png', 'a.png.png', 'b.png', 'c.png']
    said = 'their masks keep it, such as a.jpg.png of a.jpg'
    assert said in ''.join(capfd.readouterr())


def test_names_that_are_not_found_say_what_is_near(look_up):
    labels = {'sub/a.jpg': ['cat'], 'b.jpg': ['dog']}
    files = list(labels)
    message = r"label; the first is '(.*)' .did you mean 'sub/a.jpg'.., looked"
    for name in ('sub\\a.jpg', './sub/a', '/x/Sub/A.JPG', 'a.jpg'):
        with pytest.raises(FileNotFoundError, match=message):
            look_up(files, labels, f'{name}\n')


@pytest.mark.parametrize(
    ('files', 'lines', 'message'),
    [
        (['a.jpg'], 'a\nb\nc\n', "2 of 3 images of .* are not below .*is 'b'"),
        (['a.jpg', 'a.png'], 'a\n', "'a' may be 'a.jpg' or 'a.png': write"),
        (['a.jpg'], 'a\na.jpg\n', "'a' and 'a.jpg' of .* are both 'a.jpg'"),
        (['a.jpg'], 'a.png\n', "1 of 1 images of .* is 'a.png'"),
    ],
)
def test_files_that_cannot_be_looked_up(look_up, files, lines, message):
    labels = {'a': ['cat'], 'b': ['cat'], 'c': ['cat']}
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        look_up(files, labels, lines)


def test_umlauts_in_one_piece_or_taken_apart(look_up):
    apart, whole = 'gro\u0308\u00dfe', 'gr\u00f6\u00dfe'
    assert apart != whole
    dataset = look_up(
        [f'{apart}.jpg', 'a.jpg'],
        {f'{whole}.jpg': ['cat'], 'a': ['dog']},
        f'{whole}\na\n',
    )
    infos = [dataset.get_data_info(i) for i in (0, 1)]
    assert [info['gt_label'] for info in infos] == [[0], [1]]
    assert infos[0]['img_path'].endswith(f'/{apart}.jpg')
    with pytest.raises(ValueError, match='may be .* or .*: write its suffix'):
        look_up([f'{apart}.jpg', f'{apart}.png'], {whole: ['cat']}, whole)


def test_kinds_of_images_that_are_found(look_up):
    names = ['a.gif', 'b.HEIC', 'c.jfif', 'd.heif', 'e.avif']
    dataset = look_up(
        [*names, 'f.txt'],
        {name[0]: ['cat'] for name in names},
        'a\nb\nc\nd\ne\n',
    )
    paths = [dataset.get_data_info(i)['img_path'] for i in range(5)]
    assert [path.rpartition('/')[2] for path in paths] == names


def test_a_folder_of_classes_is_images_and_labels(tmp_path):
    for name in ('owl/1.jpg', 'bee/1.jpg', 'bee/2.jpg'):
        (tmp_path / 'set' / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / 'set' / name).touch()
    dataset = ImageLabelDataset(
        label_file='set',
        data_root=str(tmp_path),
        data_prefix=dict(img_path='set'),
        img_suffix=None,
    )
    infos = [dataset.get_data_info(i) for i in range(len(dataset))]
    assert [(info['img_id'], info['gt_label']) for info in infos] == [
        ('bee/1.jpg', [0, 1]),
        ('bee/2.jpg', [0]),
    ]
    assert infos[0]['img_path'] == str(tmp_path / 'set/bee/1.jpg')


def test_encodings_of_the_image_list(make, tmp_path):
    (tmp_path / 'other.txt').write_bytes('\ufeffa\r\nb\r\n'.encode())
    labels = {'a': ['cat'], 'b': ['dog']}
    assert len(make(labels, ann_file='other.txt')) == 2
    (tmp_path / 'other.txt').write_bytes('a\nü\n'.encode('latin-1'))
    with pytest.raises(ValueError, match='other.txt line 2: byte 0xfc is not'):
        make(labels, ann_file='other.txt')
