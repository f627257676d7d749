"""Bad files that stop a training, or are skipped and counted."""

import numpy as np
import pytest
import torch
from mmengine.dataset import pseudo_collate
from mmengine.registry import init_default_scope
from PIL import Image
from torch.utils.data import DataLoader

from cosa_mmseg.datasets import CheckedSegDataset
from cosa_mmseg.datasets.bad_files import BadFileError

BAD = (1, 4)
LOAD = [dict(type='LoadImageFromFile'), dict(type='PackSegInputs')]


@pytest.fixture
def make(tmp_path):
    """Builds a set of 8 flat images, whose grey is their number."""
    init_default_scope('mmseg')
    for folder in ('img', 'mask'):
        (tmp_path / folder).mkdir()
    for i in range(8):
        img = Image.new('RGB', (6, 4), (i, i, i))
        img.save(tmp_path / 'img' / f'{i}.png')
    for i in BAD:
        (tmp_path / 'img' / f'{i}.png').write_bytes(b'')
    (tmp_path / 'list.txt').write_text('\n'.join('01234567'))

    def build(**kwargs):
        prefix = dict(img_path='img', seg_map_path='mask')
        return CheckedSegDataset(
            **dict(
                ann_file='list.txt',
                data_root=str(tmp_path),
                data_prefix=prefix,
                img_suffix='.png',
                metainfo=dict(classes=('background', 'cat')),
                pipeline=LOAD,
            )
            | kwargs
        )

    return build


def number(sample):
    return int(sample['inputs'][0, 0, 0])


def test_by_default_the_first_bad_file_stops(make, tmp_path):
    dataset = make()
    assert number(dataset[2]) == 2
    with pytest.raises(BadFileError) as caught:
        dataset[1]
    assert str(caught.value).startswith(f'{tmp_path / "img" / "1.png"} is emp')


def test_a_bad_file_in_a_worker_is_named_in_a_sentence(make, tmp_path):
    loader = DataLoader(make(), num_workers=1, collate_fn=pseudo_collate)
    with pytest.raises(BadFileError) as caught:
        list(loader)
    path = tmp_path / 'img' / '1.png'
    assert caught.value.sentence.startswith(f'{path} is empty')


def test_replacements_follow_from_the_index_alone(make):
    first, second = make(on_error='skip'), make(on_error='skip')
    numbers = [number(first[i]) for i in range(8)]
    np.random.seed(7)
    again = {i: number(second[i]) for i in (4, 3, 1, 4, 1, 7, 0, 2, 5, 6)}
    assert numbers == [again[i] for i in range(8)]
    for i, n in enumerate(numbers):
        assert n not in BAD
        assert (n == i) == (i not in BAD)


def test_replacements_are_spread_over_the_set(make, tmp_path):
    for i in range(1, 7):
        (tmp_path / 'img' / f'{i}.png').write_bytes(b'')
    (tmp_path / 'list.txt').write_text('\n'.join('1234567' * 15 + '0'))
    dataset = make(on_error='skip')
    numbers = [number(dataset[i]) for i in range(len(dataset))]
    # 0 is one, 7 is 15 of the 16 good entries
    assert set(numbers) == {0, 7}
    assert numbers.count(0) < 16


def test_skipped_files_are_logged_once_with_their_count(make, capfd):
    dataset = make(on_error='skip')
    for i in (1, 2, 1, 4):
        dataset[i]
    log = ''.join(capfd.readouterr())
    assert dataset.num_skipped == 2
    assert log.count('1.png is empty') == log.count('4.png is empty') == 1
    assert 'skipped (1 of 8 images so far): ' in log
    assert 'skipped (2 of 8 images so far): ' in log


def test_workers_count_together(make):
    dataset = make(on_error='skip')
    loader = DataLoader(
        dataset, batch_size=2, num_workers=2, collate_fn=pseudo_collate
    )
    shown = [int(img[0, 0, 0]) for batch in loader for img in batch['inputs']]
    assert [n for i, n in enumerate(shown) if i not in BAD] == [
        *(0, 2, 3, 5, 6, 7)
    ]
    assert dataset.num_skipped == 2


def test_a_set_of_bad_files_only_is_an_error(make, tmp_path):
    for path in (tmp_path / 'img').iterdir():
        path.write_bytes(b'')
    dataset = make(on_error='skip', max_refetch=20)
    with pytest.raises(
        BadFileError, match='21 images that .*list.txt .*all bad'
    ):
        dataset[0]
    assert dataset.num_skipped > 4


def test_what_no_transform_takes_is_skipped_by_name(make, tmp_path, capfd):
    Image.new('RGB', (600, 1)).save(tmp_path / 'img' / '2.png')
    resize = dict(type='Resize', scale=(6, 6), keep_ratio=True)
    settings = dict(
        data_prefix=dict(img_path='img'), pipeline=[LOAD[0], resize, LOAD[1]]
    )
    with pytest.raises(BadFileError, match='img/2.png can .*resize'):
        make(**settings)[2]
    dataset = make(on_error='skip', **settings)
    assert number(dataset[2]) != 2
    assert '2.png can be read, but' in ''.join(capfd.readouterr())


def test_a_broken_pipeline_is_named_though_all_is_skipped(make):
    dataset = make(
        on_error='skip',
        max_refetch=9,
        data_prefix=dict(img_path='img'),
        pipeline=[LOAD[0], dict(type='Resize', scale=(0, 0)), LOAD[1]],
    )
    with pytest.raises(BadFileError, match='are all bad, the last one: .*png'):
        dataset[0]


def test_what_opencv_does_not_decode_is_left_to_pillow(make, tmp_path):
    content = np.arange(72, dtype=np.uint8).reshape(4, 6, 3)
    path = tmp_path / 'img' / '0.png'
    for kind in ('TGA', 'PCX', 'QOI'):
        Image.fromarray(content).save(path, format=kind)
        img = make()[0]['inputs'].numpy()
        assert (img == content.transpose(2, 0, 1)[::-1]).all(), kind
    # values that Pillow would cut off
    Image.fromarray(content[..., 0] / np.float32(255)).save(path, 'TIFF')
    with pytest.raises(BadFileError, match='mode F.* that OpenCV'):
        make()[0]


@pytest.mark.parametrize(
    ('kwargs', 'words'),
    [
        (dict(on_error='ignore'), "'raise' or 'skip', but is 'ignore'"),
        (dict(on_error='skip', test_mode=True), 'is for training'),
    ],
)
def test_wrong_settings(make, kwargs, words):
    with pytest.raises(ValueError, match=words):
        make(**kwargs)


def test_evaluation_of_a_turned_image(make, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    img = np.arange(72, dtype=np.uint8).reshape(4, 6, 3)
    Image.fromarray(img).save(tmp_path / 'img' / '0.png', exif=exif)
    mask = Image.fromarray(np.arange(24, dtype=np.uint8).reshape(4, 6))
    steps = [LOAD[0], dict(type='LoadAnnotations'), LOAD[1]]
    classes = [str(number) for number in range(24)]
    kwargs = dict(test_mode=True, metainfo=dict(classes=classes))

    # a mask that lies as the image is shown
    mask.transpose(Image.Transpose.ROTATE_270).save(tmp_path / 'mask/0.png')
    sample = make(pipeline=steps, **kwargs)[0]
    shown = torch.from_numpy(np.rot90(img[..., 0], -1).copy())
    assert sample['inputs'][2].equal(shown)
    assert sample['data_samples'].gt_sem_seg.data[0].equal(shown.long() // 3)

    # a mask that lies as the image is stored
    mask.save(tmp_path / 'mask/0.png')
    with pytest.raises(BadFileError, match='mask/0.png .*EXIF'):
        make(pipeline=steps, **kwargs)[0]
    steps[0] = dict(LOAD[0], color_type='color_ignore_orientation')
    sample = make(pipeline=steps, **kwargs)[0]
    stored = torch.from_numpy(img[..., 0].copy())
    assert sample['inputs'][2].equal(stored)
    assert sample['data_samples'].gt_sem_seg.data[0].equal(stored.long() // 3)

    # ids that are no class
    kwargs['metainfo'] = dict(classes=classes[:20])
    with pytest.raises(BadFileError, match=r'0.png holds the ids \[20, 21, '):
        make(pipeline=steps, **kwargs)[0]
