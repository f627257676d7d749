"""How two networks predict; what they predict is tested in test_cosa.py."""

import mmcv
import numpy as np
import pytest
import torch
from mmengine.registry import MODELS
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample

from cosa_mmseg.models.post_process.dense_crf import DenseCRF
from cosa_mmseg.models.post_process.refine import refine_segmentation
from tests.models.networks import small_batch, small_model

FIELDS = {
    'seg_logits',
    'pred_sem_seg',
    'pred_cam',
    'pred_cam_aux',
    'pred_label',
}


def build(state=None, **test_cfg):
    """A model whose two networks differ, with the weights of ``state``."""
    model = MODELS.build(small_model(test_cfg=dict(with_cam=True, **test_cfg)))
    with torch.no_grad():
        for parameter in model.assignment.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    if state is not None:
        model.load_state_dict(state)
    return model.eval()


def predict(model, labels=([0], [1]), size=(20, 30)):
    batch = small_batch(list(labels))
    for sample in batch['data_samples']:
        sample.set_metainfo(dict(ori_shape=size))
    return model.test_step(
        dict(
            inputs=batch['inputs']['weak'], data_samples=batch['data_samples']
        )
    )


def values(sample):
    """Tensors of a prediction by name."""
    return {
        name: getattr(field, 'score' if name.endswith('label') else 'data')
        for name, field in sample.items()
        if not name.startswith('gt_')
    }


def test_both_networks_predict_as_each_does_alone():
    model = build(network='both')
    state = model.state_dict()
    alone = [
        predict(build(state, network=name))
        for name in ('assignment', 'online')
    ]
    for result, assignment, online in zip(predict(model), *alone, strict=True):
        got, assignment, online = map(values, (result, assignment, online))
        assert assignment.keys() == online.keys() == FIELDS
        assert got.keys() == FIELDS | {f'online_{name}' for name in FIELDS}
        for name in FIELDS:
            torch.testing.assert_close(got[name], assignment[name])
            torch.testing.assert_close(got[f'online_{name}'], online[name])
        assert not torch.equal(got['seg_logits'], got['online_seg_logits'])


@pytest.mark.parametrize(
    ('network', 'calls'),
    [('assignment', (1, 0)), ('online', (0, 1)), ('both', (1, 1))],
)
def test_a_network_runs_once_and_only_where_it_is_asked_for(network, calls):
    model = build(network=network)
    seen = []
    for name in ('assignment', 'online'):
        getattr(model, name).backbone.register_forward_hook(
            lambda *_, name=name: seen.append(name)
        )
    predict(model)
    assert tuple(map(seen.count, ('assignment', 'online'))) == calls


def test_padding_is_cut_off_cams_as_off_logits():
    model = build()
    img = torch.randn(1, 3, 32, 32)
    sample = SegDataSample(
        metainfo=dict(
            ori_shape=(28, 25), img_shape=(32, 32), padding_size=(0, 7, 0, 4)
        )
    )
    (result,) = model.predict(img, [sample])
    seen = model.predict_views(model.assignment, img)
    for name in ('seg_logits', 'cam', 'cam_aux'):
        field = name if name == 'seg_logits' else f'pred_{name}'
        expected = getattr(seen, name)[0, :, :28, :25]
        torch.testing.assert_close(result.get(field).data, expected)


def test_without_data_samples_maps_have_the_size_of_the_input():
    img = torch.randn(2, 3, 32, 24)
    for result in build(network='both').predict(img):
        assert result.pred_cam.data.shape == (3, 32, 24)
        assert result.online_seg_logits.data.shape == (4, 32, 24)


@MODELS.register_module()
class RedIsClassTwo:
    """A refinement that reads the image alone; keeps what it was given."""

    def __call__(self, seg_logits, image):
        self.image = image
        red = torch.from_numpy(image[..., 0] > image[..., 2])
        prob = torch.zeros_like(seg_logits)
        prob[2], prob[0] = red.float(), 1 - red.float()
        return prob


@pytest.fixture
def image_file(tmp_path):
    image = np.zeros((20, 30, 3), np.uint8)  # RGB
    image[:, :11] = 250, 20, 10
    image[:, 11:] = 10, 20, 250
    mmcv.imwrite(image[..., ::-1], str(tmp_path / 'a.png'))
    return str(tmp_path / 'a.png'), image


def test_post_processing_sees_the_original_image(image_file):
    path, image = image_file
    model = build(network='both', post_process=dict(type='RedIsClassTwo'))
    sample = SegDataSample(metainfo=dict(ori_shape=(20, 30), img_path=path))
    (result,) = model.predict(torch.randn(1, 3, 32, 32), [sample])
    assert np.array_equal(model.post_process.image, image)
    for prefix in ('', 'online_'):
        pred = result.get(f'{prefix}pred_sem_seg').data
        assert pred.shape == (1, 20, 30)
        assert (pred[..., :11] == 2).all()
        assert (pred[..., 11:] == 0).all()
        prob = result.get(f'{prefix}seg_logits').data.softmax(0)
        assert torch.equal(prob.round().argmax(0), pred[0])
    assert result.pred_cam.data.shape == (3, 20, 30)


def test_dense_crf_is_one_config_entry(image_file):
    path, image = image_file
    plain = build()
    refined = build(plain.state_dict(), post_process=dict(type='DenseCRF'))
    img = torch.randn(1, 3, 32, 32)
    logits, got = (
        model.predict(
            img,
            [SegDataSample(metainfo=dict(ori_shape=(20, 30), img_path=path))],
        )[0].seg_logits.data
        for model in (plain, refined)
    )
    expected = DenseCRF()(logits, image)
    torch.testing.assert_close(got.exp(), expected)
    assert not torch.equal(got.argmax(0), logits.argmax(0))


def test_a_large_picture_is_refined_at_a_smaller_size(image_file):
    path, image = image_file
    refine = RedIsClassTwo()
    refine.max_side = 15
    sample = SegDataSample(
        metainfo=dict(img_path=path),
        seg_logits=PixelData(data=torch.randn(4, 20, 30)),
    )
    refine_segmentation(sample, refine)
    assert refine.image.shape == (10, 15, 3)
    pred = sample.pred_sem_seg.data
    assert pred.shape == (1, 20, 30)
    assert (pred[..., :10] == 2).all()
    assert (pred[..., 12:] == 0).all()
    refine.max_side = 30  # as large as it is
    refine_segmentation(sample, refine)
    assert np.array_equal(refine.image, image)


def test_post_processing_needs_the_image_of_the_prediction(image_file):
    path, _ = image_file
    sample = SegDataSample(seg_logits=PixelData(data=torch.randn(4, 9, 9)))
    with pytest.raises(ValueError, match='no `img_path`'):
        refine_segmentation(sample, RedIsClassTwo())
    sample.set_metainfo(dict(img_path=path))
    with pytest.raises(ValueError, match=r'a.png is \(20, 30\).*\(9, 9\)'):
        refine_segmentation(sample, RedIsClassTwo())


@pytest.mark.parametrize(
    ('test_cfg', 'message'),
    [
        (dict(network='ema'), "'online', 'both', got 'ema'"),
        (dict(mode='window'), "'whole', 'slide', got 'window'"),
        (dict(mode='slide', stride=(8, 8)), 'needs test_cfg.crop_size'),
        (dict(crop_size=(8, 8), stride=(8, 8)), "got mode='whole'"),
        (dict(crop_size=(8, 8)), r"mode='whole', crop_size=\(8, 8\)"),
        (dict(mode='slide', crop_size=(8, 8)), 'stride=None'),
        (dict(mode='slide', crop_size=448), r'crop_size must .* got 448'),
        (dict(mode='slide', stride=(8, 8, 8)), r'stride must .*\(8, 8, 8\)'),
        (dict(mode='slide', stride=(8.5, 8)), r'number\).*\(8.5, 8\)'),
        (dict(scales=1.5), 'test_cfg.scales must be a list, .*, got 1.5'),
        (dict(scales=['1']), r"each item a number, got \['1'\]"),
        (dict(scales=[]), r'scales must be positive, got \[\]'),
        (dict(size_divisor=0), 'at least 1, got 0'),
        (dict(size_divisor=2.5), 'a whole number, got 2.5'),
        (
            dict(post_process='DenseCRF'),
            "must be a dict or None, got 'DenseCRF'",
        ),
        (dict(sliding=True), 'cfg.sliding is unknown; known: network'),
        (
            dict(mode='slide', crop_size=(8, 8), stride=(8, 9)),
            r'stride=\(8, 9\).*leave no gap',
        ),
    ],
)
def test_bad_settings_are_named(test_cfg, message):
    with pytest.raises(ValueError, match=message):
        MODELS.build(small_model(test_cfg=test_cfg))
