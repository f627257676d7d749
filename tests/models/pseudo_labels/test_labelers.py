import pytest
import torch
from mmengine.registry import MODELS

from cosa_mmseg.models.pseudo_labels import (
    DualThresholdLabeler,
    PixelAdaptiveRefinement,
    RestrictedSoftmax,
    ThresholdLabeler,
)
from cosa_mmseg.models.pseudo_labels.restricted_softmax import restrict_logits


@pytest.fixture
def cam():
    """One object of class 2 of 3, sure inside, unsure around."""
    cam = torch.zeros(1, 3, 8, 8)
    cam[0, 1, 1:7, 1:7] = 0.5
    cam[0, 1, 2:6, 2:6] = 1.0
    return cam


LABEL = torch.tensor([[0.0, 1.0, 0.0]])
VALID = torch.ones(1, 8, 8, dtype=torch.bool)


def label_of(labeler, cam):
    return labeler(cam, LABEL, VALID).label[0]


def test_object_band_and_background(cam):
    labeler = DualThresholdLabeler(low=0.25, high=0.7, downscale=1)
    label = label_of(labeler, cam)
    assert (label[2:6, 2:6] == 2).all()
    assert (label[1, 1:7] == 255).all()
    assert (label[0] == 0).all()


def test_thresholds_may_be_equal_and_at_the_ends(cam):
    # of a background map of 0 and one of 1, in front of a map of 0 ... 1
    label = DualThresholdLabeler(0.0, 1.0, downscale=1)(
        cam, LABEL, VALID
    ).label[0]
    assert (label[1:7, 1:7] == 255).all() and (label[0] == 0).all()
    same = DualThresholdLabeler(0.6, 0.6, downscale=1)(
        cam, LABEL, VALID
    ).label[0]
    assert torch.equal(same == 2, cam[0, 1] > 0.6) and (same != 255).all()


def test_outside_the_valid_box_is_ignored(cam):
    valid = VALID.clone()
    valid[:, :, 4:] = False
    label = DualThresholdLabeler(0.25, 0.7)(cam, LABEL, valid).label
    assert (label[:, :, 4:] == 255).all()
    assert (label[:, :, :4] != 255).any()


@pytest.mark.parametrize('label', [torch.zeros(1, 3), torch.ones(1, 3)])
def test_no_label_and_all_labels(cam, label):
    out = DualThresholdLabeler(0.25, 0.7)(cam, label, VALID).label
    assert out.shape == (1, 8, 8)
    assert (out == 0).all() == (label.sum() == 0)


def test_a_batch_equals_its_images(cam):
    generator = torch.Generator().manual_seed(0)
    cams = torch.rand(3, 3, 8, 8, generator=generator)
    labels = torch.tensor([[1.0, 0, 0], [1, 1, 1], [0, 0, 0]])
    imgs = torch.rand(3, 3, 8, 8, generator=generator)
    labeler = DualThresholdLabeler(
        0.25,
        0.7,
        refiner=dict(
            type='PixelAdaptiveRefinement', num_iters=2, dilations=[1, 2]
        ),
    )
    valid = VALID.expand(3, -1, -1)
    batch = labeler(cams, labels, valid, imgs).label
    for i in range(3):
        alone = labeler(
            cams[i : i + 1], labels[i : i + 1], VALID, imgs[i : i + 1]
        ).label
        assert torch.equal(batch[i : i + 1], alone)


def test_inputs_are_not_changed(cam):
    before = cam.clone(), VALID.clone()
    DualThresholdLabeler(0.25, 0.7)(cam, LABEL, VALID)
    assert torch.equal(cam, before[0])
    assert torch.equal(VALID, before[1])


@pytest.mark.parametrize(
    ('settings', 'message'),
    [
        (dict(low=0.7, high=0.25), 'low=0.7, high=0.25'),
        (dict(low=-0.1, high=0.5), 'low=-0.1'),
        (dict(low=0.2, high=1.5), 'high=1.5'),
        (dict(low=0.2, high=0.5, downscale=0), 'downscale'),
    ],
)
def test_bad_labeler_settings_are_named(settings, message):
    with pytest.raises(ValueError, match=message):
        DualThresholdLabeler(**settings)


@pytest.mark.parametrize(
    ('labeler', 'threshold', 'message'),
    [
        (
            'ThresholdLabeler',
            'DualDynamicThreshold',
            r'1 number.* DualDynamicThreshold gives \[0.25, 0.69.*one, Dual',
        ),
        (
            'DualThresholdLabeler',
            'DynamicThreshold',
            r'2 number.* but DynamicThreshold gives 0.5: ThresholdLabeler',
        ),
    ],
)
def test_a_threshold_of_the_other_labeler_is_refused(
    labeler, threshold, message
):
    # not at the end of the warm-up, where it is first used
    settings = dict(type=labeler, threshold=dict(type=threshold))
    with pytest.raises(ValueError, match=f'threshold must give {message}'):
        MODELS.build(settings)


def test_a_refiner_needs_the_image(cam):
    labeler = DualThresholdLabeler(
        0.2, 0.7, refiner=dict(type='PixelAdaptiveRefinement')
    )
    with pytest.raises(ValueError, match='needs the image'):
        labeler(cam, LABEL, VALID)


def test_one_threshold(cam):
    fixed = dict(type='FixedThreshold', value=0.5)
    labeler = ThresholdLabeler(fixed)
    valid = VALID.clone()
    valid[:, :, 5:] = False
    cam[0, 0] = 0.9  # of a class that is absent
    made = labeler(cam, LABEL, valid)
    label = made.label[0]
    assert torch.equal(made.confidence[0], cam[0, 1])
    assert made.xi == 0.5
    expected = torch.where(cam[0, 1] > 0.5, 2, 0)
    assert torch.equal(label, expected.masked_fill(~valid[0], 255))
    assert (labeler.num_images, labeler.xi.item()) == (0, 0.5)


def test_a_threshold_sees_a_training_batch_before_its_use(cam):
    class Seen(torch.nn.Module):
        num_images = 7

        def __init__(self):
            super().__init__()
            self.batches = []

        def forward(self):
            return torch.tensor(0.9 if self.batches else 0.3)

        def update(self, cam, valid_mask):
            self.batches.append((cam, valid_mask))

    labeler = ThresholdLabeler(dict(type='FixedThreshold', value=0.5))
    labeler.threshold = Seen()
    cam[0, 0] = 0.9
    label = labeler.eval()(cam, LABEL, VALID).label
    assert torch.equal(label[0] == 2, cam[0, 1] > 0.3)
    assert not labeler.threshold.batches
    label = labeler.train()(cam, LABEL, VALID).label
    assert torch.equal(label[0] == 2, cam[0, 1] > 0.9)
    ((seen, valid),) = labeler.threshold.batches
    assert torch.equal(seen, cam * LABEL[:, :, None, None])  # restricted
    assert valid is VALID
    assert labeler.num_images == 7


def test_refinement_keeps_constant_maps_and_follows_edges():
    img = torch.zeros(1, 3, 16, 16)
    img[..., 8:] = 1.0
    maps = torch.full((1, 2, 16, 16), 0.5)
    refine = PixelAdaptiveRefinement(num_iters=1, dilations=[1, 2])
    # the weights sum to 1.01
    assert torch.allclose(refine(maps, img), maps * 1.01)
    # a map that is off by two pixels snaps to the edge of the image
    maps = torch.zeros(1, 1, 16, 16)
    maps[..., 6:] = 1.0
    out = PixelAdaptiveRefinement(10, (1, 2, 4))(maps, img)
    assert out[..., 7].mean() < out[..., 9].mean()


def test_refinement_of_a_plain_image_is_finite():
    out = PixelAdaptiveRefinement(2, (1,))(
        torch.rand(1, 2, 6, 6), torch.full((1, 3, 6, 6), 0.3)
    )
    assert out.isfinite().all()


def test_restricted_softmax_by_hand():
    logits = torch.tensor([1.0, 2.0, 3.0]).view(1, 3, 1, 1)
    prob = RestrictedSoftmax(1.0)(logits, torch.tensor([[1.0, 0.0]]))
    expected = torch.tensor([1.0, 2.0]).softmax(0)
    assert torch.allclose(prob.flatten()[:2], expected)
    assert prob.flatten()[2] == 0


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_restricting_half_precision_stays_finite(dtype):
    out = restrict_logits(
        torch.zeros(1, 3, 2, 2, dtype=dtype), torch.zeros(1, 2)
    )
    assert out.isfinite().all()


def test_temperature_must_be_positive():
    with pytest.raises(ValueError, match='temperature'):
        RestrictedSoftmax(0)
