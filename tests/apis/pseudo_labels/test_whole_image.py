import pytest
import torch
from mmseg.models.utils import resize

from cosa_mmseg.apis.pseudo_labels.whole_image import label_images
from cosa_mmseg.structures import CoSABatch, to_uint8

from .samples import (
    DUAL,
    DYNAMIC,
    REFINED,
    XI,
    batch,
    trained_model,
)

LABELERS = pytest.mark.parametrize(
    'labeler', [DYNAMIC, DUAL, REFINED], ids=['dynamic', 'dual', 'refined']
)


def multi_hot(labels):
    rows = torch.zeros(len(labels), 3)
    for row, label in zip(rows, labels, strict=True):
        row[label] = 1
    return rows


@LABELERS
def test_labels_are_those_of_training(labeler):
    model = trained_model(labeler)
    labels = [[0], [1, 2], []]
    data = batch(labels)
    found = label_images(model, data)
    weak = model.data_preprocessor(data)['inputs']
    mask = torch.ones(3, 24, 32, dtype=torch.bool)
    views = CoSABatch(
        *(weak, weak, multi_hot(labels), mask),
        classes=torch.arange(3),
        denormalize=model.data_preprocessor.denormalize,
    )
    expected = model.assign(views)
    cam = model.assigner.multi_scale(model.assignment.forward_heads, weak).cam
    seg = expected.seg_prob.amax(dim=1)
    for i, label in enumerate(labels):
        assert torch.equal(found[i].cam_label, expected.cam_label[i])
        torch.testing.assert_close(found[i].cam, cam[i, label])
        assert found[i].class_ids.tolist() == [c + 1 for c in label]
        assert torch.equal(found[i].seg_label, expected.seg_label[i])
        torch.testing.assert_close(found[i].seg_confidence, seg[i])
        if label:
            confidence = cam[i, label].amax(dim=0)
            torch.testing.assert_close(found[i].cam_confidence, confidence)
    # what is compared has more than one value
    assert len(found[1].cam_label.unique()) > 1
    assert len(found[1].seg_label.unique()) > 1


def test_the_state_of_the_threshold_counts_and_stays():
    model = trained_model().train()
    threshold = model.assigner.cam_labeler.threshold
    (found,) = label_images(model, batch([[1]]))
    assert threshold.xi.item() == XI
    assert threshold.pointer.item() == 0
    assert torch.equal(found.cam_label == 2, found.cam[0] > XI)
    assert (found.cam[0] > 0.5).sum() > (found.cam_label == 2).sum()


@LABELERS
def test_maps_are_resized_before_labels_are_made(labeler):
    model = trained_model(labeler)
    size = (31, 21)
    data = batch([[0, 2]], ori_shape=size)
    (found,) = label_images(model, data)
    weak = model.data_preprocessor(data)['inputs']
    guide = to_uint8(model.data_preprocessor.denormalize(weak)) / 255
    seen = model.assigner.multi_scale(model.assignment.forward_heads, weak)
    cam, logits, guide = (
        resize(maps, size=size, mode='bilinear', align_corners=False)
        for maps in (seen.cam, seen.seg_logits, guide)
    )
    rest = (torch.tensor([[1.0, 0, 1]]), torch.ones(1, *size).bool(), guide)
    cam_label = model.assigner.cam_labeler(cam, *rest).label[0]
    assert torch.equal(found.cam_label, cam_label)
    logits[:, 2] = -1e5
    assert torch.equal(found.seg_label, logits[0].argmax(dim=0))
    torch.testing.assert_close(found.cam, cam[0, [0, 2]])
    assert found.cam_label.shape == found.seg_confidence.shape == size


def test_padding_of_the_preprocessor_is_cut_off():
    model = trained_model()
    data = batch([[0, 1]], size=(21, 30))
    model.data_preprocessor.test_cfg = dict(size_divisor=16)
    (found,) = label_images(model, data)
    weak = model.data_preprocessor(data)['inputs']
    assert weak.shape[-2:] == (32, 32)
    seen = model.assigner.multi_scale(model.assignment.forward_heads, weak)
    torch.testing.assert_close(found.cam, seen.cam[0, :2, :21, :30])


@LABELERS
def test_without_a_class_all_is_background(labeler):
    (found,) = label_images(trained_model(labeler), batch([[]]))
    assert found.cam.shape == (0, 24, 32)
    assert not found.cam_label.any()
    assert not found.cam_confidence.any()
    assert not found.seg_label.any()
    assert (found.seg_confidence == 1).all()


@LABELERS
def test_one_class_and_no_other(labeler):
    (found,) = label_images(trained_model(labeler), batch([[1]]))
    assert set(found.cam_label.unique().tolist()) <= {0, 2, 255}
    assert set(found.seg_label.unique().tolist()) <= {0, 2}


@LABELERS
@pytest.mark.parametrize('size', [(24, 1), (1, 32), (1, 1)])
@pytest.mark.parametrize('seen', [None, (16, 16)])
def test_thin_images(labeler, size, seen):
    data = batch([[0], [1, 2]], size=seen or size, ori_shape=size)
    for found in label_images(trained_model(labeler), data):
        for name in ('cam_label', 'seg_label', 'cam_confidence'):
            assert getattr(found, name).shape == size
        assert found.cam_confidence.isfinite().all()


def test_a_thin_image_is_labelled_as_its_wider_copy():
    model = trained_model(DUAL)
    thin = batch([[0, 1]], size=(24, 16), ori_shape=(24, 1))
    (found,) = label_images(model, thin)
    wide = found.cam.new_zeros(1, 3, 24, 2)
    wide[0, :2] = found.cam.expand(2, 24, 2)
    valid = torch.ones(1, 24, 2).bool()
    img_label = torch.tensor([[1.0, 1, 0]])
    made = model.assigner.cam_labeler(wide, img_label, valid)
    assert torch.equal(found.cam_label, made.label[0, :, :1])


def test_a_sample_without_a_label_is_named():
    data = batch([[0], [1]])
    del data['data_samples'][1].gt_label
    with pytest.raises(ValueError, match='image 1.jpg has no image-level'):
        label_images(trained_model(), data)
