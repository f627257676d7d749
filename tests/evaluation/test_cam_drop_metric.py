import pytest
import torch
from mmengine.structures import LabelData
from mmseg.structures import SegDataSample

from cosa_mmseg.evaluation import CAMDropMetric
from cosa_mmseg.models.segmentors.cam_drop import add_cam_drop


def fields(label, score, inside, outside, agreement):
    values = dict(
        score=score, inside=inside, outside=outside, agreement=agreement
    )
    values = {name: torch.tensor(v) for name, v in values.items()}
    return dict(label=torch.tensor(label), **values)


@pytest.fixture
def metric():
    metric = CAMDropMetric()
    metric.dataset_meta = dict(classes=('background', 'cat', 'dog', 'cow'))
    return metric


def test_scores_by_hand(metric, monkeypatch):
    said = []
    monkeypatch.setattr('cosa_mmseg.evaluation.cam_drop_metric.LEAST', 2)
    monkeypatch.setattr(
        'cosa_mmseg.evaluation.cam_drop_metric.print_log',
        lambda text, *_: said.append(text),
    )
    main = [
        fields([0, 1], [0.8, 0.5], [0.4, 0.6], [0.2, 0.5], [0.9, -0.3]),
        fields([1], [0.5], [0.1], [0.4], [0.2]),
    ]
    nothing = fields([], [], [], [], [])
    samples = [
        dict(pred_cam_drop=one, pred_cam_aux_drop=other)
        for one, other in zip(main, main[::-1], strict=True)
    ]
    samples.append(dict(pred_cam_drop=nothing, pred_cam_aux_drop=nothing))
    metric.process({}, samples[:1])
    metric.process({}, samples[1:])
    scores = metric.evaluate(3)
    assert scores == pytest.approx(
        dict(
            cam_average_drop=100 * (0.5 + 0 + 0.8) / 3,
            cam_average_increase=100 / 3,
            cam_outside_drop=100 * (0.75 + 0 + 0.2) / 3,
            cam_aux_average_drop=100 * (0.5 + 0 + 0.8) / 3,
            cam_aux_average_increase=100 / 3,
            cam_aux_outside_drop=100 * (0.75 + 0 + 0.2) / 3,
            cam_agreement=100 * 0.8 / 3,
        ),
        abs=0.01,
    )
    (text,) = said
    assert 'contradict each other for dog:' in text
    assert 'cat' not in text


def test_it_names_the_setting_that_is_missing(metric):
    with pytest.raises(ValueError, match=r'test_cfg\.cam_drop=True'):
        metric.process({}, [{}])


def brightness(img):
    """A classifier: classes 0 and 1 see red and green in the left half."""
    return img[:, :2, :, :2].mean((-2, -1)).sigmoid()


@pytest.mark.parametrize('known', [True, False])
def test_the_picture_behind_a_cam(known):
    img = torch.ones(3, 2, 4)
    img[1] = 3
    sample = SegDataSample(
        pred_label=LabelData(score=torch.tensor([0.9, 0.2]))
    )
    if known:
        sample.gt_label = LabelData(label=torch.tensor([1]))
    left = torch.zeros(2, 2, 4)
    left[:, :, :2] = 1
    cams = dict(pred_cam=left, pred_cam_aux=1 - left / 2)
    add_cam_drop(sample, brightness, img, cams)
    (class_id,) = sample.pred_cam_drop.label.tolist()
    assert class_id == (1 if known else 0)
    inside = torch.tensor([3.0 if known else 1.0]).sigmoid()
    torch.testing.assert_close(sample.pred_cam_drop.inside, inside)
    torch.testing.assert_close(
        sample.pred_cam_drop.outside, torch.tensor([0.5])
    )
    assert sample.pred_cam_aux_drop.label.tolist() == [class_id]
    # the auxiliary CAM is high where the main one is low
    agreement = sample.pred_cam_drop.agreement
    torch.testing.assert_close(agreement, torch.tensor([-1.0]))


def test_what_has_no_number_spoils_no_mean(metric, monkeypatch):
    said = []
    monkeypatch.setattr('cosa_mmseg.evaluation.cam_drop_metric.LEAST', 2)
    monkeypatch.setattr(
        'cosa_mmseg.evaluation.cam_drop_metric.print_log',
        lambda text, *_: said.append(text),
    )
    # a score of 0 has nothing to lose; a constant CAM correlates with none
    one = fields(
        [0, 1, 1, 1],
        [0.0, 0.5, 0.5, 0.5],
        [0.0, 0.25, 0.5, 0.5],
        [0.1, 0.0, 0.5, 0.5],
        [float('nan'), float('nan'), -0.2, -0.4],
    )
    metric.process({}, [dict(pred_cam_drop=one, pred_cam_aux_drop=one)])
    scores = metric.evaluate(1)
    assert scores['cam_average_drop'] == 12.5
    assert scores['cam_outside_drop'] == 25
    assert scores['cam_agreement'] == -30
    (text,) = said
    assert 'contradict each other for dog:' in text
