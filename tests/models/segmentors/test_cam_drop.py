"""What a model says of the pictures behind its CAMs, beside itself."""

import pytest
import torch
from mmengine.registry import MODELS
from mmengine.structures import LabelData
from mmseg.structures import SegDataSample

from tests.models.networks import small_model

SLIDE = dict(mode='slide', crop_size=(16, 16), stride=(8, 16))


def build(**test_cfg):
    test_cfg = dict(with_cam=True, cam_drop=True, **test_cfg)
    torch.manual_seed(0)
    model = MODELS.build(small_model(test_cfg=test_cfg))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    return model.eval()


def sample(label=(2,), **meta):
    truth = LabelData(label=torch.tensor(label, dtype=torch.long))
    return SegDataSample(gt_label=truth, metainfo=meta)


@pytest.mark.parametrize('dtype', [torch.float32, torch.bfloat16])
@pytest.mark.parametrize(
    'test_cfg', [{}, SLIDE, dict(scales=[1.0, 0.5], mirror=True)]
)
def test_a_picture_behind_a_cam_is_seen_as_the_picture(test_cfg, dtype):
    model = build(**test_cfg)
    img = torch.randn(1, 3, 32, 24)
    half = dtype != torch.float32
    with torch.no_grad(), torch.autocast('cpu', dtype, enabled=half):
        (result,) = model.predict(img, [sample()])
        for name in ('pred_cam', 'pred_cam_aux'):
            cam = result.get(name).data[2]
            found = result.get(f'{name}_drop')
            for key, part in dict(inside=cam, outside=1 - cam).items():
                (seen,) = model.predict(img * part, [sample()])
                score = seen.pred_label.score[[2]]
                torch.testing.assert_close(found.get(key), score)


def test_both_networks_are_asked_of_the_same_classes():
    model = build(network='both')
    samples = [sample((0, 2)), sample(())]
    with torch.no_grad():
        results = model.predict(torch.randn(2, 3, 32, 24), samples)
    for result, label in zip(results, ([0, 2], []), strict=True):
        assert result.pred_cam_drop.label.tolist() == label
        assert result.online_pred_cam_drop.label.tolist() == label


def test_padding_has_no_say_in_the_agreement():
    model = build()
    meta = dict(ori_shape=(28, 17), img_padding_size=(0, 7, 0, 4))
    with torch.no_grad():
        img = torch.randn(1, 3, 32, 24)
        (result,) = model.predict(img, [sample(**meta)])
    cams = (result.pred_cam.data[2], result.pred_cam_aux.data[2])
    expected = torch.corrcoef(torch.stack([c.flatten() for c in cams]))[0, 1:]
    torch.testing.assert_close(result.pred_cam_drop.agreement, expected)
