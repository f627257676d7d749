"""Normalisation of two views, and the way back."""

import numpy as np
import pytest
import torch
from mmengine.registry import MODELS
from mmengine.structures import LabelData
from mmseg.models import SegDataPreProcessor
from mmseg.structures import SegDataSample

from cosa_mmseg.models import TwoViewDataPreprocessor
from cosa_mmseg.structures import to_uint8
from tests.golden import load_tensors

MEAN, STD = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)


@pytest.fixture
def preprocessor():
    return MODELS.build(
        dict(type='TwoViewDataPreprocessor', mean=MEAN, std=STD)
    )


def images(n=2, size=(4, 5), seed=0):
    generator = torch.Generator().manual_seed(seed)
    return [
        torch.randint(0, 256, (3, *size), generator=generator).byte()
        for _ in range(n)
    ]


def samples(n=2):
    return [
        SegDataSample(gt_label=LabelData(label=torch.tensor([i])))
        for i in range(n)
    ]


def test_training_values_and_shapes(preprocessor):
    views = dict(weak=images(seed=1), strong=images(seed=2))
    data = dict(inputs=views, data_samples=samples())

    out = preprocessor(data, training=True)

    assert set(out) == {'inputs', 'data_samples'}
    assert out['data_samples'] is data['data_samples']
    for name, imgs in views.items():
        batch = out['inputs'][name]
        assert batch.shape == (2, 3, 4, 5)
        assert batch.dtype == torch.float32
        for n in range(2):
            for channel in range(3):
                bgr = imgs[n][2 - channel].double()
                expected = (bgr - MEAN[channel]) / STD[channel]
                torch.testing.assert_close(
                    batch[n, channel].double(), expected, atol=1e-6, rtol=0
                )


def test_training_does_not_change_its_input(preprocessor):
    views = dict(weak=images(seed=1), strong=images(seed=2))
    before = {name: torch.stack(imgs) for name, imgs in views.items()}

    preprocessor(dict(inputs=views, data_samples=samples()), training=True)

    for name, imgs in views.items():
        assert torch.stack(imgs).equal(before[name])


def test_rgb_images_stay_rgb():
    data = dict(
        inputs=dict(weak=images(), strong=images()), data_samples=samples()
    )

    out = TwoViewDataPreprocessor([0.0] * 3, [1.0] * 3, bgr_to_rgb=False)(
        data, training=True
    )

    assert out['inputs']['weak'][0].equal(data['inputs']['weak'][0].float())


def test_evaluation_is_that_of_mmseg(preprocessor):
    stock = SegDataPreProcessor(mean=MEAN, std=STD, bgr_to_rgb=True)
    data = dict(inputs=images(), data_samples=samples())

    out = preprocessor(data, training=False)

    assert out['inputs'].equal(stock(data, training=False)['inputs'])
    assert len(out['data_samples']) == 2


def test_evaluation_pads_as_configured():
    preprocessor = TwoViewDataPreprocessor(
        MEAN, STD, test_cfg=dict(size_divisor=8)
    )
    data = dict(inputs=images(), data_samples=samples())

    out = preprocessor(data, training=False)

    assert out['inputs'].shape == (2, 3, 8, 8)


def test_a_batch_without_two_views_is_an_error(preprocessor):
    with pytest.raises(ValueError, match='TwoViews'):
        preprocessor(dict(inputs=images(), data_samples=[]), training=True)
    with pytest.raises(ValueError, match="has \\['weak'\\]"):
        preprocessor(
            dict(inputs=dict(weak=images()), data_samples=[]), training=True
        )


def test_several_sizes_are_an_error(preprocessor):
    views = dict(
        weak=images(), strong=images(1) + images(1, size=(6, 5), seed=3)
    )

    with pytest.raises(ValueError, match='strong view.*(3, 6, 5)'):
        preprocessor(dict(inputs=views, data_samples=[]), training=True)


def test_several_sizes_in_an_evaluation_are_an_error(preprocessor):
    inputs = images(1) + images(1, (6, 5))
    message = r"\[\(3, 4, 5\), \(3, 6, 5\)\].*dataloader's batch_size=1"
    with pytest.raises(ValueError, match=message):
        preprocessor(dict(inputs=inputs, data_samples=samples()))


def test_golden_denormalize(preprocessor):
    golden = load_tensors('image_ops')

    out = to_uint8(preprocessor.denormalize(golden['denorm_in']))

    assert out.dtype == torch.uint8
    assert out.equal(golden['denorm_out_u8'])


def test_denormalize_is_the_inverse(preprocessor):
    imgs = images()
    data = dict(inputs=dict(weak=imgs, strong=imgs), data_samples=samples())
    batch = preprocessor(data, training=True)['inputs']['weak']

    out = preprocessor.denormalize(batch)

    assert out.dtype == torch.float32
    rgb = torch.stack(imgs)[:, [2, 1, 0]].float()
    torch.testing.assert_close(out, rgb, atol=1e-4, rtol=0)
    # truncation may lose one where float error falls below the number
    lost = rgb - to_uint8(out).float()
    assert set(lost.unique().tolist()) <= {0.0, 1.0}


def test_to_uint8_truncates():
    values = torch.tensor([-0.3, 0.0, 0.99, 1.0, 41.9999, 254.9, 255.00002])

    assert to_uint8(values).tolist() == [0, 0, 0, 1, 41, 254, 255]


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason='needs CUDA')
def test_training_on_the_gpu(preprocessor):
    imgs = images()
    data = dict(inputs=dict(weak=imgs, strong=imgs), data_samples=samples())
    expected = preprocessor(data, training=True)['inputs']

    out = preprocessor.cuda()(data, training=True)

    assert out['inputs']['strong'].is_cuda
    np.testing.assert_allclose(
        out['inputs']['strong'].cpu(), expected['strong'], atol=1e-6
    )
    assert out['data_samples'][0].gt_label.label.device.type == 'cpu'
