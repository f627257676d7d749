import logging

import numpy as np
import pytest
import torch
import torch.multiprocessing as mp
from mmengine.logging import MMLogger
from mmengine.registry import MODELS
from sklearn.mixture import GaussianMixture

from cosa_mmseg.models.ops import gaussian_mixture
from cosa_mmseg.models.pseudo_labels import adaptive_threshold
from cosa_mmseg.models.pseudo_labels.adaptive_threshold import (
    sample_confidence,
)
from cosa_mmseg.models.pseudo_labels.dual_dynamic_threshold import (
    DualDynamicThreshold,
)
from cosa_mmseg.models.pseudo_labels.dynamic_threshold import DynamicThreshold
from cosa_mmseg.models.pseudo_labels.fixed_threshold import FixedThreshold
from tests.oracles import gaussian_mixture as oracle
from tests.waits import NoWaits

KINDS = [DynamicThreshold, DualDynamicThreshold]


def two_modes(num, generator=None, size=(8, 8)) -> torch.Tensor:
    """Maps (num, 3, *size): low on the left half, high on the right one."""
    cam = 0.25 + 0.08 * torch.randn(num, 3, *size, generator=generator)
    cam[..., size[1] // 2 :] += 0.5
    return cam.clamp(0, 1)


def everywhere(cam: torch.Tensor) -> torch.Tensor:
    return torch.ones_like(cam[:, 0], dtype=torch.bool)


def update(threshold, cam) -> None:
    threshold.update(cam, everywhere(cam))


@pytest.fixture
def as_on_a_gpu(monkeypatch):
    """Nothing may look at the data."""
    for module in (adaptive_threshold, gaussian_mixture):
        monkeypatch.setattr(module, 'on_host', lambda x: False)


@pytest.fixture
def messages():
    """What is logged as a warning."""
    logger = MMLogger.get_instance('adaptive_threshold')
    found = []
    handler = logging.Handler(logging.WARNING)
    handler.emit = lambda record: found.append(record.getMessage())
    logger.addHandler(handler)
    return found


# --- what is asked of every threshold


@pytest.mark.parametrize(
    'cfg, shape, num_images',
    [
        (dict(type='FixedThreshold', value=0.3), (), 0),
        (dict(type='DynamicThreshold', initial=0.3), (), 100),
        (dict(type='DualDynamicThreshold', low=0.3, num_images=7), (2,), 7),
    ],
)
def test_common_interface(cfg, shape, num_images):
    threshold = MODELS.build(cfg)
    first = threshold()
    assert first.dtype == torch.float32 and first.shape == shape
    assert first.flatten()[0].item() == pytest.approx(0.3)
    assert threshold.num_images == num_images
    update(threshold, two_modes(2))
    assert first.flatten()[0].item() == pytest.approx(0.3)  # a copy


def test_fixed_threshold_is_no_part_of_a_checkpoint():
    threshold = FixedThreshold(0.3)
    update(threshold, two_modes(2))
    assert threshold().item() == pytest.approx(0.3)
    assert not threshold.state_dict()


# --- the paper's threshold


def drawn_mixtures(num):
    """Values of mixtures whose modes can be told apart."""
    generator = np.random.default_rng(0)
    for _ in range(num):
        share, low = generator.uniform((0.2, 0.1), (0.8, 0.4))
        high = low + generator.uniform(0.25, 0.5)
        deviations = generator.uniform(0.03, 0.12, 2)
        size = np.array([int(3000 * share), 3000 - int(3000 * share)])
        values = generator.normal(
            np.repeat((low, high), size), np.repeat(deviations, size)
        )
        yield torch.from_numpy(values.clip(0, 1)).float()


def test_agrees_with_scikit_learn():
    for values in drawn_mixtures(50):
        threshold = DynamicThreshold(num_images=1, grid=(30, 100), decay=0.0)
        update(threshold, values.view(1, 1, 30, 100))
        model = GaussianMixture(2, random_state=0)
        model.fit(values[values > 0.05].double().numpy()[:, None])
        expected = oracle.mixture_threshold(
            model.weights_, model.means_[:, 0], model.covariances_[:, 0, 0]
        )
        assert threshold.xi.item() == pytest.approx(expected, abs=0.01)


def test_moves_by_its_decay_towards_the_valley():
    threshold = DynamicThreshold(initial=0.9, num_images=4, grid=(8, 8))
    fitted = DynamicThreshold(num_images=4, grid=(8, 8), decay=0.0)
    cam = two_modes(4)
    update(fitted, cam)
    assert 0.4 < fitted().item() < 0.7
    update(threshold, cam)
    expected = 0.99 * 0.9 + 0.01 * fitted.xi.item()
    assert threshold.xi.item() == pytest.approx(expected, abs=1e-12)


def test_a_histogram_of_its_centers_loses_nothing():
    cam = 0.1 + 0.08 * torch.randn(1, 1, 20, 30)
    cam[..., 15:] += 0.5
    cam = ((1024 * cam.clamp(0, 0.999)).floor() + 0.5) / 1024
    assert cam.min() == 0.5 / 1024  # in the first bin
    threshold = DynamicThreshold(
        num_images=1, grid=(20, 30), min_value=0.0, decay=0.0
    )
    update(threshold, cam)
    values, counts = cam.double().unique(return_counts=True)
    expected = gaussian_mixture.separate_two_modes(values, counts)
    assert threshold.xi.item() == pytest.approx(expected.item(), abs=1e-9)


def test_low_values_and_padding_are_left_out():
    plain = DynamicThreshold(num_images=2, grid=(8, 8), decay=0.0)
    padded = DynamicThreshold(num_images=2, grid=(8, 16), decay=0.0)
    cam = two_modes(2).clamp(min=0.06)
    update(plain, cam)
    # beside the image something that would count, below .05 or not valid
    wide = torch.cat([cam, torch.full_like(cam, 0.9)], dim=-1)
    wide[..., 8:12] = 0.05
    valid = everywhere(wide)
    valid[..., 12:] = False
    padded.update(wide, valid)
    torch.testing.assert_close(plain.xi, padded.xi)


@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float16])
@pytest.mark.parametrize('kind', KINDS)
def test_half_precision(kind, dtype):
    cam = two_modes(3).to(dtype)
    expected = kind(grid=(8, 8))
    got = kind(grid=(8, 8))
    update(expected, cam.float())
    with torch.autocast('cpu', dtype):
        update(got, cam)
    torch.testing.assert_close(got.xi, expected.xi)


# --- degenerate input


DEGENERATE = dict(
    empty=torch.zeros(2, 3, 8, 8),
    below_minimum=torch.full((2, 3, 8, 8), 0.05),
    constant=torch.full((2, 3, 8, 8), 0.4),
    nan=torch.full((2, 3, 8, 8), float('nan')),
    inf=two_modes(2).index_fill(2, torch.tensor(0), float('inf')),
    some_nan=two_modes(2).index_fill(2, torch.tensor(0), float('nan')),
    no_class=torch.zeros(2, 1, 8, 8),
)


@pytest.mark.parametrize('name', DEGENERATE)
@pytest.mark.parametrize('kind', KINDS)
def test_degenerate_input_leaves_it_alone_and_says_so_once(
    kind, name, messages
):
    threshold = kind(grid=(8, 8))
    before = threshold.xi.clone()
    for _ in range(3):
        update(threshold, DEGENERATE[name])
    assert torch.equal(threshold.xi, before)
    assert len(messages) == 1
    assert kind.__name__ in messages[0] and str(before.tolist()) in messages[0]


@pytest.mark.parametrize('name', [*DEGENERATE, None])
@pytest.mark.parametrize('kind', KINDS)
def test_never_waits_for_a_gpu(kind, name, monkeypatch, request):
    batches = two_modes(8).split(4)
    if name is not None:
        batches = [*batches, DEGENERATE[name]]
    expected, got = (kind(num_images=10, grid=(8, 8)) for _ in range(2))
    for batch in batches:
        update(expected, batch)
    request.getfixturevalue('as_on_a_gpu')
    for batch in batches:
        with NoWaits():
            update(got, batch)
    assert not torch.equal(got.xi, kind(grid=(8, 8)).xi)
    for buffer, value in expected.named_buffers():
        torch.testing.assert_close(
            got.get_buffer(buffer), value, equal_nan=True
        )


def test_on_a_gpu_it_says_so_at_the_hundredth_update(as_on_a_gpu, messages):
    threshold = DynamicThreshold(num_images=2, grid=(4, 4))
    update(threshold, DEGENERATE['constant'])
    for _ in range(98):
        update(threshold, two_modes(2))
    assert not messages
    for _ in range(150):
        update(threshold, two_modes(2))
    assert len(messages) == 1
    assert 'did not move in 1 of 100 updates' in messages[0]


@pytest.mark.parametrize('kind', KINDS)
def test_what_can_be_fitted_needs_no_words(kind, messages):
    threshold = kind(grid=(8, 8))
    update(threshold, two_modes(8))
    assert not torch.equal(threshold.xi, kind().xi)
    assert threshold.misses == 0 and not messages


def test_bounds_in_the_wrong_order_leave_it_alone(messages):
    # the first mode is the widest and has the largest values, too
    values = [torch.linspace(0.06, 0.99, 40), torch.full((100,), 0.5)]
    cam = torch.cat([*values, torch.full((100,), 0.6)]).view(1, 1, 12, 20)
    threshold = DualDynamicThreshold(num_images=1, grid=(12, 20))
    update(threshold, cam)
    assert threshold.xi.tolist() == [0.25, 0.7]
    assert len(messages) == 1


def test_one_mode_leaves_it_alone(messages):
    threshold = DynamicThreshold(grid=(32, 32))
    update(threshold, 0.5 + 0.1 * torch.randn(4, 1, 32, 32))
    assert threshold.xi.item() == 0.5
    assert len(messages) == 1


def test_nothing_valid_leaves_it_alone(messages):
    threshold = DynamicThreshold(grid=(8, 8))
    cam = two_modes(2)
    threshold.update(cam, ~everywhere(cam))
    assert threshold.xi.item() == 0.5
    assert len(messages) == 1


@pytest.mark.parametrize('kind', KINDS)
def test_images_without_a_class_do_not_move_it(kind):
    """Their restricted maps are 0, which no fit counts, even at least 0."""
    torch.manual_seed(0)
    cam = two_modes(6)
    settings = dict(num_images=9, grid=(8, 8), min_value=0.0, decay=0.0)
    with_negatives, without = kind(**settings), kind(**settings)
    update(with_negatives, torch.cat([cam, torch.zeros(3, *cam.shape[1:])]))
    update(without, cam)
    torch.testing.assert_close(with_negatives.xi, without.xi)


@pytest.mark.parametrize('kind', KINDS)
def test_recovers_when_values_are_finite_again(kind):
    threshold = kind(num_images=4, grid=(8, 8))
    before = threshold.xi.clone()
    update(threshold, DEGENERATE['nan'])
    update(threshold, two_modes(4))
    assert not torch.equal(threshold.xi, before)
    assert threshold.xi.isfinite().all()


# --- state


def test_queue_wraps_around():
    threshold = DynamicThreshold(num_images=5, grid=(8, 8))
    images = two_modes(7)
    update(threshold, images[:3])
    assert threshold.pointer == 3
    assert (threshold.queue[3:] == 0).all()
    update(threshold, images[3:])
    assert threshold.pointer == 2
    rows = images.amax(dim=1).flatten(1)
    torch.testing.assert_close(threshold.queue, rows[[5, 6, 2, 3, 4]])


def test_batch_larger_than_the_queue():
    images = two_modes(8)
    whole = DynamicThreshold(num_images=3, grid=(8, 8))
    update(whole, images)
    single = DynamicThreshold(num_images=3, grid=(8, 8))
    for image in images:
        update(single, image[None])
    torch.testing.assert_close(whole.queue, single.queue)
    assert torch.equal(whole.pointer, single.pointer)


@pytest.mark.parametrize('kind', KINDS)
def test_resumed_equals_uninterrupted(kind, tmp_path):
    batches = two_modes(12).split(3)
    threshold = kind(num_images=7, grid=(8, 8))
    for batch in batches[:2]:
        update(threshold, batch)
    torch.save(threshold.state_dict(), tmp_path / 'state.pth')
    resumed = kind(num_images=7, grid=(8, 8))
    resumed.load_state_dict(torch.load(tmp_path / 'state.pth'))
    for batch in batches[2:]:
        update(threshold, batch)
        update(resumed, batch)
    expected, got = threshold.state_dict(), resumed.state_dict()
    assert got.keys() == expected.keys() == {'queue', 'pointer', 'xi'}
    assert all(torch.equal(got[name], expected[name]) for name in got)


def test_queue_does_not_depend_on_the_crop():
    threshold = DynamicThreshold(grid=(4, 6))
    for size in ((8, 8), (64, 96), (33, 50)):
        update(threshold, two_modes(2, size=size))
    assert threshold.queue.shape == (100, 24)


def test_samples_before_it_takes_the_maximum():
    # each class reaches 1 on one pixel of two; their mean is .5, not 1
    cam = torch.tensor([[[[1.0, 0.0]], [[0.0, 1.0]]]])
    got = sample_confidence(cam, everywhere(cam), (1, 1))
    assert got.tolist() == [[0.5]]


def test_inputs_are_not_changed():
    cam = two_modes(2)
    valid = everywhere(cam)
    before = cam.clone(), valid.clone()
    DynamicThreshold(grid=(8, 8)).update(cam, valid)
    assert torch.equal(cam, before[0]) and torch.equal(valid, before[1])


def _run_rank(rank, folder):
    """One of two processes; each sees every second image."""
    torch.set_num_threads(1)  # a forked process has no thread pool
    torch.distributed.init_process_group(
        'gloo', f'file://{folder}/init', rank=rank, world_size=2
    )
    torch.save(_run_halves(rank), f'{folder}/{rank}.pt')
    torch.distributed.destroy_process_group()


def _run_halves(rank=None):
    """States after three batches of 4 images, or of a rank's half of them."""
    batches = two_modes(12, torch.Generator().manual_seed(1)).split(4)
    mine = slice(None) if rank is None else slice(2 * rank, 2 * rank + 2)
    states = []
    for kind in KINDS:
        threshold = kind(num_images=10, grid=(8, 8))
        for batch in batches:
            update(threshold, batch[mine])
        states.append(threshold.state_dict())
    return states


@pytest.mark.ddp
def test_two_processes_equal_one(tmp_path):
    mp.start_processes(
        _run_rank, (str(tmp_path),), nprocs=2, start_method='fork'
    )
    for rank in range(2):
        states = torch.load(tmp_path / f'{rank}.pt')
        for got, expected in zip(states, _run_halves(), strict=True):
            torch.testing.assert_close(dict(got), dict(expected))


@pytest.mark.gpu
@pytest.mark.parametrize('kind', KINDS)
def test_cuda_equals_cpu(kind):
    cpu, cuda = kind(grid=(8, 8)), kind(grid=(8, 8)).cuda()
    for batch in two_modes(12).split(4):
        update(cpu, batch)
        update(cuda, batch.cuda())
    assert cuda().is_cuda
    for name, expected in cpu.state_dict().items():
        got = cuda.state_dict()[name].cpu()
        assert torch.allclose(got, expected, atol=1e-6), name


@pytest.mark.gpu
@pytest.mark.parametrize('kind', KINDS)
def test_cuda_never_waits(kind):
    threshold = kind(grid=(8, 8)).cuda()
    batch = two_modes(4).cuda()
    valid = everywhere(batch)
    threshold.update(batch, valid)  # libraries start
    before = threshold.xi.clone()
    torch.cuda.set_sync_debug_mode('error')
    try:
        threshold.update(batch, valid)
    finally:
        torch.cuda.set_sync_debug_mode('default')
    assert not torch.equal(threshold.xi, before)


def test_padding_counts_in_the_released_pair():
    cam = two_modes(2)
    whole, none = (DualDynamicThreshold(grid=(8, 8)) for _ in range(2))
    whole.update(cam, everywhere(cam))
    none.update(cam, ~everywhere(cam))
    assert torch.equal(whole.xi, none.xi)
    assert not torch.equal(whole(), DualDynamicThreshold()())


# --- errors


@pytest.mark.parametrize(
    'setting, message',
    [
        (dict(initial=1.0), 'initial must be in .* got 1.0'),
        (dict(num_images=0), 'num_images must be at least 1, got 0'),
        (dict(grid=(0, 4)), 'grid must be at least 1, got 0'),
        (dict(min_value=1.0), 'min_value must be in .* got 1.0'),
        (dict(decay=1.5), 'decay must be in .* got 1.5'),
    ],
)
def test_arguments_are_in_range(setting, message):
    with pytest.raises(ValueError, match=message):
        DynamicThreshold(**setting)


@pytest.mark.parametrize('value', [0, 1])
def test_fixed_value_is_in_range(value):
    with pytest.raises(ValueError, match=f'value must be in .* got {value}'):
        FixedThreshold(value)


def test_wrong_shape_is_named():
    cam = two_modes(2)
    with pytest.raises(ValueError, match=r'\(2, \*, 8, 7\).*\(2, 3, 8, 8\)'):
        DynamicThreshold().update(cam, everywhere(cam)[..., :7])
