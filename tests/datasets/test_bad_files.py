"""Files in the wild: loaded right, or refused by name."""

from pathlib import Path
from urllib.error import URLError

import cv2
import mmengine.fileio as fileio
import numpy as np
import pytest
import torch
from mmcv.transforms import Compose, LoadImageFromFile
from mmengine.config import Config
from mmengine.registry import MODELS, init_default_scope
from mmseg.datasets.transforms import LoadAnnotations
from PIL import Image

import cosa_mmseg.models  # noqa: F401
from cosa_mmseg.datasets.bad_files import (
    BadFileError,
    check_mask_size,
    naming_bad_files,
)
from tests.datasets.wild_images import write_bad, write_good
from tests.models.networks import small_model

DATASETS = Path(__file__).resolve().parents[2] / 'configs/_base_/datasets'


def load(path):
    info = dict(img_path=str(path), gt_label=[0])
    with naming_bad_files(info):
        return LoadImageFromFile()(info)['img']


def test_good_files_are_loaded_as_bgr(tmp_path):
    wrong = {}
    good = write_good(tmp_path)
    if not cv2.haveImageReader(str(tmp_path / 'animated.gif')):  # OpenCV 4
        del good['animated.gif']
    for name, rgb in good.items():
        img = load(tmp_path / name)
        assert img.dtype == np.uint8, name
        assert img.shape == rgb.shape, name
        off = np.abs(img[..., ::-1].astype(int) - rgb).max()
        if off > (8 if name.endswith('.jpg') else 0):
            wrong[name] = off
    assert not wrong


def test_bad_files_are_refused_in_a_sentence_with_their_name(tmp_path):
    for name, words in write_bad(tmp_path).items():
        with pytest.raises(BadFileError) as caught:
            load(tmp_path / name)
        message = str(caught.value)
        assert message.startswith(f'{tmp_path / name} '), message
        assert words in message, message
        assert '\n' not in message


def test_an_address_without_an_answer_is_named(monkeypatch):
    def get(*args, **kwargs):
        raise URLError('no route to host')

    monkeypatch.setattr(fileio, 'get', get)
    with pytest.raises(BadFileError, match='cannot be read: .*no route'):
        load('http://pictures.example/a.jpg')


def test_a_damaged_mask_is_named(tmp_path):
    Image.new('RGB', (6, 4)).save(tmp_path / 'a.jpg')
    Image.new('L', (1, 4)).save(tmp_path / 'thin.png')
    (tmp_path / 'text.png').write_text('no image')
    for name, words in [
        ('text.png', 'no image of a kind that is read'),
        ('absent.png', 'seg_map_suffix'),
        ('thin.png', 'one pixel wide'),
    ]:
        info = dict(
            img_path=str(tmp_path / 'a.jpg'),
            seg_map_path=str(tmp_path / name),
        )
        with (
            pytest.raises(BadFileError, match=f'{name} .*{words}'),
            naming_bad_files(info),
        ):
            mask = LoadAnnotations()(
                dict(info, reduce_zero_label=False, seg_fields=[])
            )['gt_seg_map']
            raise ValueError(f'a transform fails at {mask.shape}')


def test_errors_of_transforms_name_the_image(tmp_path):
    Image.new('RGB', (6, 4)).save(tmp_path / 'a.jpg')
    with (
        pytest.raises(
            BadFileError, match="a.jpg can be read, but .*KeyError: 'another'"
        ),
        naming_bad_files(dict(img_path=str(tmp_path / 'a.jpg'))),
    ):
        raise KeyError('another')


def test_what_a_worker_adds_is_left_out_of_the_sentence():
    text = (
        'Caught BadFileError in DataLoader worker process 0.\nOriginal '
        'Traceback (most recent call last):\n  File "x.py"\nValueError: y\n\n'
        'cosa_mmseg.datasets.bad_files.BadFileError: a.jpg is empty: mend it\n'
    )
    assert BadFileError(text).sentence == 'a.jpg is empty: mend it'
    assert BadFileError('a.jpg is: b').sentence == 'a.jpg is: b'


def test_masks_have_the_size_of_their_image():
    info = dict(img_path='a.jpg', seg_map_path='a.png')
    check_mask_size((4, 6), (4, 6), info)
    with pytest.raises(BadFileError, match='a.png .* a.jpg .*EXIF'):
        check_mask_size((4, 6), (6, 4), info)
    with pytest.raises(BadFileError, match='one channel') as caught:
        check_mask_size((4, 6, 3), (4, 6), info)
    assert 'EXIF' not in str(caught.value)
    with pytest.raises(BadFileError, match='one pixel wide'):
        check_mask_size((50,), (50, 1), info)


@pytest.fixture(params=[(50, 1), (1, 50), (1, 1), (3, 12_000), (1, 65_535)])
def extreme(request, tmp_path):
    """An image with extreme sides."""
    img = np.random.default_rng(0).integers(1, 256, (*request.param, 3))
    Image.fromarray(img.astype(np.uint8)).save(tmp_path / 'a.png')
    return dict(img_path=str(tmp_path / 'a.png'), gt_label=[0]), request.param


@pytest.mark.parametrize('name', ['voc_wsss', 'custom_wsss'])
def test_extreme_images_in_training(extreme, name):
    info, (h, w) = extreme
    init_default_scope('mmseg')
    cfg = Config.fromfile(DATASETS / f'{name}.py')
    pipeline = Compose(cfg.train_pipeline)
    for _ in range(3):
        data = pipeline(dict(info))
        top, bottom, left, right = data['data_samples'].valid_box
        assert 1 <= bottom - top <= 448
        assert 1 <= right - left <= 448
        if name == 'voc_wsss':
            assert (bottom - top <= 2 * h) & (right - left <= 2 * w)
        for view in data['inputs'].values():
            assert view.shape == (3, 448, 448)


def test_extreme_images_in_evaluation(extreme):
    info, size = extreme
    init_default_scope('mmseg')
    cfg = Config.fromfile(DATASETS / 'voc_wsss.py')
    cfg.test_pipeline[1].scale = (32, 32)
    steps = [s for s in cfg.test_pipeline if s.type != 'LoadAnnotations']
    data = Compose(steps)(info)
    model = MODELS.build(small_model()).eval()
    with torch.no_grad():
        (result,) = model.test_step({k: [v] for k, v in data.items()})
    assert result.pred_sem_seg.shape == size
    assert result.pred_cam.data.isfinite().all()
