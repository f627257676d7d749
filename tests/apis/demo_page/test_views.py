"""What the page shows, without the page."""

import re
from dataclasses import replace
from unittest import mock

import numpy as np
import pytest
from mmengine.config import Config
from PIL import Image

from cosa_mmseg.apis import CoSAInferencer
from cosa_mmseg.apis.demo_page import views as views_module
from cosa_mmseg.apis.demo_page.examples import find_examples
from cosa_mmseg.apis.demo_page.table import draw_table
from cosa_mmseg.apis.demo_page.views import (
    NetworkView,
    predict_both,
)
from cosa_mmseg.datasets import BadFileError
from tests.interop.models_out.samples import (
    SIZE,
    cnn_network,
    write_training,
)


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp('training')
    write_training(folder, cnn_network())
    return folder


def build(root, network='assignment'):
    return CoSAInferencer(
        root / 'tiny.json',
        root / 'iter_3.pth',
        cfg_options={'model.test_cfg.network': network},
    )


@pytest.fixture(scope='module')
def infer(root):
    return build(root)


@pytest.fixture(scope='module')
def path(root):
    return str(root / 'JPEGImages/a.jpg')


@pytest.fixture(scope='module')
def views(infer, path):
    return predict_both(infer, path)


def test_each_network_is_asked(root, infer, path, views):
    for network, view in zip(('assignment', 'online'), views, strict=True):
        expected = build(root, network)(path, with_cam=True)
        pred = view.prediction
        assert np.array_equal(pred.label_map, expected['predictions'])
        np.testing.assert_allclose(view.cams, expected['cams'], atol=1e-3)
        assert view.image.shape == (*SIZE, 3)
    first, second = (view.prediction.label_map for view in views)
    assert (first != second).any()


def test_tags_remove_classes_without_asking_the_network(infer, path, views):
    tags = [infer.classes[id_] for id_ in (2, 7)]
    with mock.patch.object(
        infer.model, 'predict_views', side_effect=AssertionError
    ):
        tagged = views[0].with_tags(infer, tags)
        free = tagged.with_tags(infer, [])
    expected = infer(path, labels=tags)['predictions']
    assert np.array_equal(tagged.prediction.label_map, expected)
    assert set(np.unique(tagged.cam_mask(0.05))) <= {0, 2, 7}
    assert tagged.prediction.labels == tuple(tags)
    assert free.prediction.labels is None
    assert np.array_equal(
        free.prediction.label_map, views[0].prediction.label_map
    )


def test_cam_mask_is_the_best_cam_from_the_threshold_on(views):
    view = views[0]
    scores = np.array([*view.prediction.scores.values()])
    assert 0 < (scores > 0.5).sum() < len(scores)
    cams = np.where((scores > 0.5)[:, None, None], view.cams, 0)
    shares = []
    for threshold in (0.1, 0.6):
        best = cams.argmax(0) + 1
        expected = np.where(cams.max(0) >= threshold, best, 0)
        mask = view.cam_mask(threshold)
        assert np.array_equal(mask, expected)
        shares.append((mask > 0).mean())
    assert shares[0] > shares[1] > 0


def test_what_is_drawn_follows_the_settings(infer, views):
    view, palette = views[0], infer.palette
    ids = view.prediction.label_map
    full = view.draw_segmentation(palette, 1.0)
    inner = (full == np.array(palette)[ids]).all(-1) & (ids > 0)
    assert inner.any()
    faint = view.draw_segmentation(palette, 0.0)
    assert np.array_equal(faint[inner], view.image[inner])
    assert np.array_equal(view.draw_cam(3, 0.0), view.image)
    assert (view.draw_cam(3, 1.0) != view.draw_cam(4, 1.0)).any()


def test_a_large_picture_is_drawn_small(infer, tmp_path, monkeypatch):
    Image.new('RGB', (96, 48), 'red').save(tmp_path / 'big.png')
    monkeypatch.setattr(views_module, 'SIDE', 32)
    view, _ = predict_both(infer, str(tmp_path / 'big.png'))
    assert view.prediction.label_map.shape == (48, 96)
    assert view.image.shape == (16, 32, 3)
    assert view.cams.shape == (20, 16, 32)
    drawn = view.draw_segmentation(infer.palette, 0.5)
    assert drawn.shape == view.draw_cam(1, 0.5).shape == (16, 32, 3)


def test_what_is_no_picture_is_said_without_its_folder(infer, tmp_path):
    (tmp_path / 'text.jpg').write_text('hello')
    with pytest.raises(BadFileError, match='^text.jpg is damaged or no ima'):
        predict_both(infer, str(tmp_path / 'text.jpg'))


def test_too_many_pixels_are_not_decoded(infer, tmp_path, monkeypatch):
    Image.new('RGB', (30, 20)).save(tmp_path / 'a.png')
    monkeypatch.setattr(views_module, 'MOST_PIXELS', 599)
    sentence = '^a.png has 30 x 20 pixels, but at most .* scale it down$'
    with pytest.raises(BadFileError, match=sentence):
        predict_both(infer, str(tmp_path / 'a.png'))
    monkeypatch.setattr(Image, 'MAX_IMAGE_PIXELS', 10)
    with pytest.raises(BadFileError, match='^a.png has far too many pixels'):
        predict_both(infer, str(tmp_path / 'a.png'))


def test_table_has_the_shares_and_escapes_names(infer, views):
    classes = ['<i>background', *infer.classes[1:]]
    own = [
        NetworkView(replace(v.prediction, classes=classes), v.image, v.cams)
        for v in views
    ]
    html = draw_table(own, infer.palette, 0.5)
    assert '<i>' not in html and '&lt;i&gt;background' in html
    assert 'label-filtered' not in html
    rows = re.findall('<tr><td>(.*?)</tr>', html)
    for column, view in enumerate(views):
        cells = [re.findall('<td>(.*?)</td>', row)[column] for row in rows]
        shares = [float(cell[:-2]) for cell in cells if cell]
        found = np.unique(view.prediction.label_map)
        assert len(shares) == len(found)
        assert sum(shares) == pytest.approx(100, abs=0.05 * len(found))
    tagged = [view.with_tags(infer, ['cat']) for view in views]
    head = draw_table(tagged, infer.palette, 0.5).partition('<td>')[0]
    assert head.count('label-filtered') == 2


def test_examples_are_those_of_the_config(root, infer):
    names = [str(root / f'JPEGImages/{name}.jpg') for name in 'ab']
    examples = find_examples(infer.cfg)
    assert [*examples] == names
    image = np.asarray(Image.open(names[0]).resize((128, 91)))
    error = np.abs(examples[names[0]] - image.astype(float))
    assert error.mean() < 10  # RGB, not BGR
    cfg = Config(infer.cfg.to_dict())
    cfg.test_dataloader.dataset.data_root = 'nowhere'
    assert find_examples(cfg) == {}


def test_examples_are_upright_and_none_is_damaged(tmp_path):
    cfg = write_training(tmp_path, cnn_network())
    turned = Image.new('RGB', (40, 20))
    exif = turned.getexif()
    exif[0x0112] = 6  # a quarter turn
    turned.save(tmp_path / 'JPEGImages/a.jpg', exif=exif)
    (tmp_path / 'JPEGImages/b.jpg').write_bytes(b'no picture')
    (small,) = find_examples(cfg).values()
    assert small.shape == (128, 64, 3)
