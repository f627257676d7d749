import copy

import pytest
import torch
from mmengine.registry import MODELS
from mmengine.structures import PixelData

from cosa_mmseg.structures import CoSABatch, stack_valid_mask
from tests.models.networks import (
    small_assigner,
    small_batch,
    small_model,
    small_network,
)


@pytest.fixture
def model():
    return MODELS.build(small_model()).train()


def prepared(model, labels):
    return model.data_preprocessor(small_batch(labels), training=True)


def assigned(model, batch):
    to_pixels = model.data_preprocessor.denormalize
    return model.assign(
        CoSABatch.of(**batch, num_classes=3, denormalize=to_pixels)
    )


def test_co_training_losses_and_what_is_watched(model):
    losses = model.loss(**prepared(model, [[0], [1, 2]]))
    names = {
        'loss_cls',
        'loss_cls_aux',
        'loss_c2s',
        'loss_s2c',
        'loss_energy',
        'cpl_foreground',
        'cpl_background',
        'cpl_ignored',
        'cpl_spl_agreement',
    }
    assert losses.keys() == names
    assert all(value.isfinite() for value in losses.values())
    names = ('cpl_foreground', 'cpl_background', 'cpl_ignored')
    shares = sum(losses[name] for name in names)
    assert shares.item() == pytest.approx(1, rel=1e-5)


PAPER = dict(
    assigner=small_assigner(
        cam_labeler=dict(
            type='ThresholdLabeler',
            threshold=dict(type='DynamicThreshold', num_images=6, grid=(8, 8)),
        ),
        reliability=dict(type='PerplexityWeight'),
    ),
    loss_csc=dict(type='ContrastiveSeparationLoss'),
)


def test_the_papers_techniques_take_part():
    model = MODELS.build(small_model(**PAPER)).train()
    losses = model.loss(**prepared(model, [[0], [1, 2]]))
    assert {'loss_csc', 'csc_share', 'xi', 'xi_aux'} <= losses.keys()
    assert 0 < losses['csc_share'] <= 1
    assert 'weight_foreground' in losses
    assert all(value.isfinite() for value in losses.values())
    losses['loss_csc'].backward()
    first = next(model.online.backbone.parameters()).grad
    assert first.abs().sum() > 0
    pseudo = assigned(model, prepared(model, [[0], [1, 2]]))
    for weight in (pseudo.weight, pseudo.weight_aux):
        assert weight[weight > 0].mean().item() == pytest.approx(1, rel=1e-4)


def test_images_without_a_class_are_background():
    """What is not background there would be learned as an object."""
    model = MODELS.build(small_model(**PAPER)).train()
    threshold = model.assigner.cam_labeler.threshold
    before = threshold.xi.clone()
    batch = prepared(model, [[], []])
    valid = stack_valid_mask(batch['data_samples'], (32, 32), 'cpu')
    pseudo = assigned(model, batch)
    for label in (pseudo.cam_label, pseudo.cam_label_aux):
        assert (label[valid] == 0).all()
        assert (label[~valid] == 255).all()
    assert (pseudo.seg_prob[:, 0] == 1).all()
    for weight in (pseudo.weight, pseudo.weight_aux):
        torch.testing.assert_close(weight[valid], torch.ones(valid.sum()))

    losses = model.loss(**batch)
    output = model.online.forward_heads(batch['inputs']['strong'])
    torch.testing.assert_close(
        losses['loss_cls'], output.cls_logits.exp().log1p().mean()
    )
    assert losses['cpl_foreground'] == losses['loss_csc'] == 0
    assert threshold.xi == before
    losses['loss_csc'].backward()
    for parameter in model.online.cam_head.parameters():
        assert not parameter.grad.any()


def test_weights_change_the_loss():
    torch.manual_seed(0)
    weighted = MODELS.build(small_model(**PAPER))
    plain = MODELS.build(
        small_model(assigner=dict(PAPER['assigner'], reliability=None))
    )
    plain.load_state_dict(weighted.state_dict())
    batch = prepared(plain, [[0], [1, 2]])
    values = [m.loss(**batch)['loss_c2s'] for m in (weighted, plain)]
    assert abs(values[0] - values[1]) > 1e-6


def test_thresholds_are_fed_over_the_last_images_of_the_warm_up():
    model = MODELS.build(small_model(**PAPER)).train()
    model.warmup_iters = 10
    threshold = model.assigner.cam_labeler.threshold
    seen = []
    for iteration in range(12):
        model.iteration = iteration
        before = threshold.pointer.clone()
        losses = model.loss(**prepared(model, [[0], [1]]))
        seen.append(bool(threshold.pointer != before))
        assert ('loss_c2s' in losses) == (iteration >= 10)
    # six images, two at a time
    assert seen == [False] * 7 + [True] * 5


def test_prediction_does_not_move_thresholds():
    model = MODELS.build(small_model(**PAPER)).eval()
    batch = model.data_preprocessor(small_batch([[0]]), training=True)
    assigned(model, batch)
    assert model.assigner.cam_labeler.threshold.pointer == 0


@pytest.mark.parametrize('name', ['loss_csc', 'reliability'])
@pytest.mark.parametrize('which', ['both', 'cam_labeler', 'cam_labeler_aux'])
def test_two_fixed_thresholds_have_no_perplexity(name, which):
    one = PAPER['assigner']['cam_labeler']
    labelers = dict(cam_labeler=one, cam_labeler_aux=one)
    for key in labelers if which == 'both' else [which]:
        labelers[key] = small_assigner()['cam_labeler']
    settings = dict(PAPER, assigner=small_assigner(**labelers))
    if name == 'reliability':
        settings['assigner']['reliability'] = dict(type='PerplexityWeight')
    message = rf'{name} .*cam_labeler \(and cam_labeler_aux\) to a labeler'
    with pytest.raises(ValueError, match=message):
        MODELS.build(small_model(**settings))


def test_warm_up_computes_the_classification_only(model):
    model.warmup_iters = 5
    model.iteration = 4
    # neither the assignment network nor the segmentation head may run
    model.assignment.forward = model.assignment.forward_heads = None
    model.online.decode_head.forward = None
    losses = model.loss(**prepared(model, [[0], [1]]))
    assert losses.keys() == {'loss_cls', 'loss_cls_aux'}
    sum(losses.values()).backward()
    for parameter in model.online.decode_head.parameters():
        assert torch.equal(parameter.grad, torch.zeros_like(parameter))
    model.iteration = 5
    assert model.remaining_warmup_iters == 0


def test_the_warm_up_may_be_a_share_of_the_training():
    model = MODELS.build(small_model(train_cfg=dict(warmup_iters=0.3)))
    model.max_iters = 50
    for iteration, expected in ((0, 15), (14, 1), (15, 0), (49, 0)):
        model.iteration = iteration
        assert model.remaining_warmup_iters == expected


def test_every_online_parameter_takes_part_in_every_iteration(model):
    for warmup in (0, 5):
        model.zero_grad()
        model.warmup_iters = warmup
        loss, _ = model.parse_losses(model.loss(**prepared(model, [[0]])))
        loss.backward()
        for name, parameter in model.online.named_parameters():
            assert parameter.grad is not None, (warmup, name)


def test_each_loss_alone_reaches_the_online_network(model):
    reached = {
        'loss_cls': 'cam_head.conv_seg.weight',
        'loss_cls_aux': 'cam_head_aux.conv_seg.weight',
        'loss_c2s': 'decode_head.conv_seg.weight',
        'loss_s2c': 'cam_head.conv_seg.weight',
        'loss_energy': 'decode_head.conv_seg.weight',
    }
    for name, parameter in reached.items():
        model.zero_grad()
        model.loss(**prepared(model, [[0], [1, 2]]))[name].backward()
        grad = model.online.get_parameter(parameter).grad
        assert grad is not None
        assert grad.abs().sum() > 0, name
        first = next(model.online.backbone.parameters()).grad
        assert first.abs().sum() > 0, name


def test_the_assignment_network_gets_no_gradient_and_stays_in_eval(model):
    state = copy.deepcopy(model.assignment.state_dict())
    loss, _ = model.parse_losses(model.loss(**prepared(model, [[0], [1]])))
    loss.backward()
    assert not any(p.requires_grad for p in model.assignment.parameters())
    assert all(p.grad is None for p in model.assignment.parameters())
    assert model.training
    assert model.online.training
    assert not any(m.training for m in model.assignment.modules())
    for name, value in model.assignment.state_dict().items():
        assert torch.equal(value, state[name]), name


@pytest.mark.parametrize(
    'labels', [[[]], [[], []], [[0, 1, 2]], [[0], []], [[2], [2]]]
)
def test_odd_labels_stay_finite(model, labels):
    loss, _ = model.parse_losses(model.loss(**prepared(model, labels)))
    loss.backward()
    assert loss.isfinite()
    assert all(p.grad.isfinite().all() for p in model.online.parameters())


def test_an_all_padding_crop_stays_finite(model):
    batch = prepared(model, [[0]])
    batch['data_samples'][0].set_metainfo(dict(valid_box=(0, 0, 0, 0)))
    losses = model.loss(**batch)
    loss, _ = model.parse_losses(losses)
    loss.backward()
    assert losses['loss_c2s'].item() == 0
    assert losses['cpl_ignored'].item() == 1
    assert all(p.grad.isfinite().all() for p in model.online.parameters())


def test_inputs_are_not_changed(model):
    batch = prepared(model, [[0], [1]])
    before = {k: v.clone() for k, v in batch['inputs'].items()}
    model.loss(**batch)
    for name, view in before.items():
        assert torch.equal(view, batch['inputs'][name])


@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float16])
def test_losses_under_autocast_are_near_those_in_float32(model, dtype):
    batch = prepared(model, [[0], [1, 2]])
    expected = model.loss(**batch)
    with torch.autocast('cpu', dtype):
        got = model.loss(**batch)
    for name in ('loss_cls', 'loss_c2s', 'loss_s2c'):
        assert got[name].item() == pytest.approx(
            expected[name].item(), rel=0.05
        )
    assert all(value.isfinite() for value in got.values())


def predict(model, size=(20, 30)):
    batch = small_batch([[0]])
    batch['data_samples'][0].set_metainfo(dict(ori_shape=size))
    data = dict(
        inputs=batch['inputs']['weak'], data_samples=batch['data_samples']
    )
    return model.eval().test_step(data)[0]


def test_prediction_has_the_original_size_and_unfiltered_cams(model):
    result = predict(model)
    assert result.seg_logits.data.shape == (4, 20, 30)
    assert result.pred_sem_seg.data.shape == (1, 20, 30)
    for cam in (result.pred_cam.data, result.pred_cam_aux.data):
        assert cam.shape == (3, 20, 30)
        assert cam.min() >= 0
        assert cam.max() <= 1
    assert result.pred_label.score.shape == (3,)


@pytest.mark.parametrize('name', ['assignment', 'online'])
def test_the_named_network_predicts(name):
    model = MODELS.build(small_model(test_cfg=dict(network=name)))
    for other in {'assignment', 'online'} - {name}:
        delattr(model, other)
        setattr(model, other, torch.nn.Identity())
    result = predict(model)
    assert 'pred_cam' not in result
    assert result.pred_sem_seg.data.shape == (1, 20, 30)


def test_views_of_the_prediction_are_summed():
    model = MODELS.build(small_model()).eval()
    other = MODELS.build(
        small_model(test_cfg=dict(scales=[1.0], mirror=True))
    ).eval()
    other.load_state_dict(model.state_dict())
    img = torch.randn(1, 3, 32, 32)
    plain, mirrored = (model.encode_decode(x) for x in (img, img.flip(-1)))
    expected = plain + mirrored.flip(-1)
    assert torch.allclose(other.encode_decode(img), expected, atol=1e-5)


@pytest.mark.parametrize(
    ('settings', 'message'),
    [
        (dict(test_cfg=dict(network='teacher')), "'teacher'"),
        (dict(test_cfg=dict(mode='slide')), 'test_cfg.crop_size'),
        (dict(train_cfg=dict(warmup_iters=-1)), 'warmup_iters'),
        (dict(train_cfg={}), 'warmup_iters'),
        (dict(train_cfg=dict(warmup_iters=1.5)), 'a share of the training'),
        (dict(train_cfg=dict(warmup_iters=True)), 'warmup_iters'),
        (dict(train_cfg=dict(warmup_iters=1, freeze=True)), 'cfg.freeze is'),
    ],
)
def test_bad_settings_are_named(settings, message):
    with pytest.raises(ValueError, match=message):
        MODELS.build(small_model(**settings))


@pytest.mark.parametrize('name', ['compact', 'loss_cls', 'loss_cls_aux'])
def test_losses_have_names_of_their_own(name):
    loss = {name: dict(type='S2CLoss')}
    with pytest.raises(TypeError, match=f'argument {name!r}: names of losses'):
        MODELS.build(small_model(**loss))


def test_a_second_loss_of_a_kind_is_one_entry():
    second = dict(type='S2CLoss', loss_weight=0.1)
    model = MODELS.build(small_model(loss_again=second)).train()
    losses = model.loss(**prepared(model, [[0], [1, 2]]))
    torch.testing.assert_close(losses['loss_again'], 2 * losses['loss_s2c'])


def test_frozen_parameters_are_not_trained_and_must_exist():
    network = small_network(4)
    built = MODELS.build(dict(network, frozen=[r'decode_head\..*bias']))
    frozen = [n for n, p in built.named_parameters() if not p.requires_grad]
    assert frozen == [
        'decode_head.conv_seg.bias',
        'decode_head.convs.0.conv.bias',
        'decode_head.convs.1.conv.bias',
    ]
    with pytest.raises(ValueError, match='pos_embed'):
        MODELS.build(dict(network, frozen=['backbone.pos_embed']))


def test_heads_must_agree_on_the_classes():
    network = small_network(4)
    network['cam_head_aux'] = dict(network['cam_head_aux'], num_classes=5)
    with pytest.raises(ValueError, match='cam_head_aux.num_classes=5 differs'):
        MODELS.build(network)


def test_the_loss_falls_when_one_batch_is_trained(model):
    batch = prepared(model, [[0], [1, 2], [2], [0, 1]])
    optimizer = torch.optim.AdamW(model.online.parameters(), lr=1e-2)
    losses = []
    for _ in range(30):
        loss, _ = model.parse_losses(model.loss(**batch))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.6 * losses[0]


@pytest.mark.parametrize('settings', [{}, PAPER])
def test_losses_do_not_depend_on_which_maps_are_left_out(settings):
    model = MODELS.build(small_model(**settings)).train()
    batch = prepared(model, [[0], [2]])
    state = copy.deepcopy(model.state_dict())
    some = model.loss(**batch)
    model.load_state_dict(state)
    model.assigner.all_classes = True
    torch.testing.assert_close(some, model.loss(**batch))


def test_a_batch_without_any_class_has_finite_losses(model):
    losses = model.loss(**prepared(model, [[], []]))
    assert all(value.isfinite() for value in losses.values())
    assert losses['cpl_foreground'] == 0


def with_mask(batch, masks):
    """A prepared batch whose samples have masks, None for none."""
    for sample, mask in zip(batch['data_samples'], masks, strict=True):
        if mask is not None:
            sample.train_mask = PixelData(data=mask[None])
    return batch


def test_a_mask_takes_the_place_of_pseudo_labels():
    labeler = dict(
        type='ThresholdLabeler',
        threshold=dict(type='FixedThreshold', value=0.5),
    )
    assigner = dict(PAPER['assigner'], cam_labeler=labeler)
    model = MODELS.build(small_model(**dict(PAPER, assigner=assigner))).train()
    batch = prepared(model, [[0], [1, 2]])
    plain = assigned(model, batch)
    mask = torch.zeros(batch['inputs']['weak'].shape[-2:], dtype=torch.long)
    mask[:5], mask[5:9], mask[9:12] = 2, 3, 255
    pseudo = assigned(model, with_mask(batch, [None, mask]))
    for name, value in vars(plain).items():
        if name != 'classes':  # the first image has no mask
            assert torch.equal(getattr(pseudo, name)[0], value[0]), name
    for label in (pseudo.cam_label, pseudo.cam_label_aux):
        assert torch.equal(label[1], mask)
    known = mask != 255
    assert torch.equal(pseudo.seg_label[1][known], mask[known])
    # background, then classes 0, 1 and 2
    expected = torch.nn.functional.one_hot(mask[known], 4).float()
    assert torch.equal(pseudo.seg_prob[1][:, known].T, expected)
    assert torch.equal(
        pseudo.seg_prob[1][:, ~known], plain.seg_prob[1][:, ~known]
    )
    assert (pseudo.weight[1] == 1).all()
    assert (pseudo.perplexity_aux[1] < 1e-5).all()
    losses = model.loss(**batch)
    assert all(value.isfinite().all() for value in losses.values())


def test_masks_are_not_used_in_the_warm_up(monkeypatch):
    model = MODELS.build(small_model(train_cfg=dict(warmup_iters=5))).train()
    monkeypatch.setattr(model, 'assign', None)
    batch = prepared(model, [[0], [1, 2]])
    mask = torch.zeros(batch['inputs']['weak'].shape[-2:], dtype=torch.long)
    losses = model.loss(**with_mask(batch, [mask, mask]))
    assert losses.keys() == {'loss_cls', 'loss_cls_aux'}


def test_classes_of_a_mask_that_the_label_lacks_are_ignored(model):
    batch = prepared(model, [[0], [1, 2]])
    mask = torch.zeros(batch['inputs']['weak'].shape[-2:], dtype=torch.long)
    mask[:4], mask[4:8] = 1, 2  # of the first image, which shows class 0
    pseudo = assigned(model, with_mask(batch, [mask, None]))
    assert (pseudo.cam_label[0, :4] == 1).all()
    assert (pseudo.cam_label[0, 4:8] == 255).all()
    assert (pseudo.cam_label[0, 8:] == 0).all()
