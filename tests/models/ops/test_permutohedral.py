import re

import numpy as np
import pytest
import torch

from cosa_mmseg.models.ops import permutohedral
from cosa_mmseg.models.ops.permutohedral import (
    PermutohedralLattice,
    bilateral_filter,
)
from cosa_mmseg.models.ops.simplex import (
    LatticeCode,
    elevate,
    enclosing_simplex,
)
from tests import golden
from tests.oracles import permutohedral as oracle
from tests.waits import NoWaits


def _relative_error(result, expected):
    return float((result - expected).norm() / expected.norm())


def _correlation(result, expected):
    pair = torch.stack([result.flatten(), expected.flatten()])
    return float(torch.corrcoef(pair)[0, 1])


def _images(num_images=1, height=11, width=9, dtype=torch.float64):
    """Images in 0..255 with a black margin, as padding makes it."""
    generator = torch.Generator().manual_seed(0)
    shape = (num_images, 3, height, width)
    img = 255 * torch.rand(shape, generator=generator, dtype=dtype)
    img[:, :, :4] = 0
    img[:, :, :, 6:] = img[:, :1, :, 6:]  # grey
    return img


def _values(num_images=1, channels=3, height=11, width=9):
    generator = torch.Generator().manual_seed(1)
    shape = (num_images, channels, height, width)
    return torch.rand(shape, generator=generator, dtype=torch.float64)


def _settings(name):
    """``out_lattice_rgb15_xy50`` -> (15., 50.)."""
    found = re.search(r'_rgb([\d.]+)_xy([\d.]+)$', name)
    return float(found[1]), float(found[2])


def test_golden_lattice():
    data = golden.load_tensors('bilateral_filter_raw')
    names = [name for name in data if name.startswith('out_lattice')]
    assert names
    for name in names:
        result = bilateral_filter(
            data['in_values'], data['in_images'], *_settings(name)
        )
        assert _relative_error(result, data[name]) < 1e-5, name


@pytest.mark.parametrize('dim', [1, 2, 3, 5, 7])
def test_lattice_equals_loop_form(dim):
    rng = np.random.default_rng(dim)
    features = 3 * rng.standard_normal((60, dim))
    features[20:30] = 0  # ties in every comparison
    features[30:40, dim // 2 :] = 0
    values = rng.random((60, 2))
    lattice = PermutohedralLattice(torch.from_numpy(features))
    result = lattice.filter(torch.from_numpy(values))
    expected, num_points = oracle.lattice_filter(features, values)
    assert lattice.num_points == num_points
    np.testing.assert_allclose(result, expected, rtol=1e-12)


@pytest.mark.parametrize('sigmas', [(15.0, 50.0), (40.0, 5.0), (2.0, 1.0)])
def test_bilateral_equals_loop_form(sigmas):
    img, values = _images(), _values()
    features = oracle.bilateral_features(img[0].numpy(), *sigmas)
    expected, _ = oracle.lattice_filter(
        features, values[0].flatten(1).T.numpy()
    )
    result = bilateral_filter(values, img, *sigmas)
    np.testing.assert_allclose(
        result[0].flatten(1).T, expected, rtol=1e-9, atol=1e-12
    )


def test_bilateral_follows_exact_gaussian_sum():
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(1, 3, 20, 24, generator=generator).double()
    img = 120 + 8 * noise  # a calm half and a textured one
    img[..., 12:] = 60 + 40 * noise[..., 12:]
    values = _values(height=20, width=24)
    features = oracle.bilateral_features(img[0].numpy(), 15.0, 50.0)
    exact = oracle.gaussian_sum(features, values[0].flatten(1).T.numpy())
    result = bilateral_filter(values, img, 15.0, 50.0)[0].flatten(1).T
    scaled = 0.555 * torch.from_numpy(exact)
    assert _correlation(result, scaled) > 0.99
    assert 0.9 < result.sum() / scaled.sum() < 1.1


def test_one_position_by_hand():
    # One position on a lattice point in 1-D.  Its simplex has one more corner,
    # of weight 0.  Axis 0: (v, 0) -> (v, v/2); axis 1, which is the same line:
    # (v + v/4, ...).  Divided by 1 + 1/2.
    lattice = PermutohedralLattice(torch.zeros(1, 1))
    result = lattice.filter(torch.tensor([[6.0, -3.0]]))
    torch.testing.assert_close(result, torch.tensor([[5.0, -2.5]]))


def test_far_apart_positions_do_not_mix():
    alone = PermutohedralLattice(torch.zeros(1, 2)).filter(torch.ones(1, 1))
    lattice = PermutohedralLattice(torch.tensor([[0.0, 0.0], [99.0, 0.0]]))
    result = lattice.filter(torch.tensor([[1.0], [0.0]]))
    torch.testing.assert_close(result[:1], alone)
    assert result[1] == 0


def test_equal_positions_get_the_sum():
    features = torch.full((5, 3), 0.7)
    values = torch.arange(10.0).view(5, 2)
    one = PermutohedralLattice(features[:1]).filter(values.sum(0)[None])
    result = PermutohedralLattice(features).filter(values)
    torch.testing.assert_close(result, one.expand(5, 2))


def test_images_of_a_batch_are_apart():
    img, values = _images(num_images=3), _values(num_images=3)
    img[2] = img[0]
    together = bilateral_filter(values, img, 15.0, 5.0)
    for i in range(3):
        alone = bilateral_filter(values[i, None], img[i, None], 15.0, 5.0)
        torch.testing.assert_close(together[i], alone[0])


def test_one_lattice_for_many_channels():
    generator = torch.Generator().manual_seed(0)
    lattice = PermutohedralLattice(torch.rand(2, 30, 4, generator=generator))
    values = torch.rand(2, 30, 7, generator=generator)
    together = lattice.filter(values)
    assert together.shape == values.shape
    single = [lattice.filter(values[..., k, None]) for k in range(7)]
    torch.testing.assert_close(together, torch.cat(single, -1))
    torch.testing.assert_close(lattice.filter(2 * values), 2 * together)


def test_channels_in_blocks_are_the_same(monkeypatch):
    lattice = PermutohedralLattice(torch.rand(2, 30, 4))
    values = torch.rand(2, 30, 19)
    expected = lattice.filter(values)
    monkeypatch.setattr(permutohedral, 'HOST_BYTES', 1)  # 8 + 8 + 3
    torch.testing.assert_close(lattice.filter(values), expected)


def test_constant_image_and_values():
    img = torch.full((1, 3, 8, 8), 127.5)
    result = bilateral_filter(torch.ones(1, 2, 8, 8), img, 15.0, 50.0)
    torch.testing.assert_close(result[:, 0], result[:, 1])
    # All pixels are within a sixth of a deviation: nearly the sum of all.
    assert (result > 0.45 * 64).all() and (result < 64).all()


def test_dtypes():
    img, values = _images(), _values()
    expected = bilateral_filter(values, img, 15.0, 5.0)
    assert expected.dtype == torch.float64
    for dtype in (torch.float32, torch.bfloat16, torch.float16):
        rounded = values.to(dtype)
        result = bilateral_filter(rounded, img, 15.0, 5.0)
        assert result.dtype == torch.float32
        again = bilateral_filter(rounded.double(), img, 15.0, 5.0)
        assert _relative_error(result, again) < 1e-5


def test_inputs_unchanged():
    img, values = _images(), _values()
    copies = img.clone(), values.clone()
    bilateral_filter(values, img, 15.0, 5.0)
    assert torch.equal(img, copies[0]) and torch.equal(values, copies[1])


def test_without_a_look_at_the_data_it_is_the_same(monkeypatch):
    img, values = _images(num_images=2), _values(num_images=2)
    expected = bilateral_filter(values, img, 15.0, 5.0)
    features = torch.randn(2, 30, 3)
    bounds = [(float(x.min()), float(x.max())) for x in features.unbind(-1)]
    rows = torch.rand(2, 30, 4)
    exact = PermutohedralLattice(features)
    filtered = exact.filter(rows)
    monkeypatch.setattr(permutohedral, 'on_host', lambda x: False)
    with NoWaits():
        result = bilateral_filter(values, img, 15.0, 5.0)
        lattice = PermutohedralLattice(features, bounds)
        padded = lattice.filter(rows)
    torch.testing.assert_close(result, expected)
    torch.testing.assert_close(padded, filtered)
    assert exact.num_points < lattice.num_points <= 2 * 30 * 4


@pytest.mark.parametrize('width', [1e3, 1e5])
def test_wider_bounds_change_nothing(width):
    features, values = torch.randn(2, 30, 3), torch.rand(2, 30, 4)
    expected = PermutohedralLattice(features).filter(values)
    bounds = [(-width, 2 * width)] * 3
    code = LatticeCode.fit(bounds, num_images=2)
    assert code.dtype == torch.int64  # int32 without bounds
    result = PermutohedralLattice(features, bounds).filter(values)
    torch.testing.assert_close(result, expected)


def test_codes_of_a_step_are_free():
    code = LatticeCode.fit([(0.0, 1.0), (-2.0, 3.0)], num_images=3)
    assert code.dtype == torch.int32
    assert sum(code.strides) == 0
    assert code.num_codes == 3 * code.image_stride
    assert 0 < code.offset < code.image_stride
    assert max(map(abs, code.strides)) < code.num_codes < code.missing


@pytest.mark.parametrize(
    'bounds',
    [
        [(5.0, 9.0)],
        [(-2.0, 3.0), (0.0, 9.0), (4.0, 4.5), (-7.0, -1.0)],
    ],
)
def test_codes_of_all_that_a_position_touches_are_in_its_image(bounds):
    ends = torch.tensor(bounds)
    corners = torch.cartesian_prod(*ends).view(-1, len(ends)).T  # of the box
    code = LatticeCode.fit(bounds, num_images=2)
    found, _ = enclosing_simplex(elevate(corners.repeat(1, 2)), code, 2)
    around = found + torch.tensor([0, *code.strides])[:, None, None]
    around = around.unflatten(2, (2, -1)).movedim(2, 0).flatten(1)
    first, second = around // code.image_stride
    assert (first == 0).all() and (second == 1).all()


def test_codes_are_as_wide_as_a_step_beyond_the_last_asks_for():
    most = 2**31 // 3
    narrow, wide = (LatticeCode([1, -1], 0, n, n) for n in (most, most + 1))
    assert (narrow.dtype, wide.dtype) == (torch.int32, torch.int64)


def test_image_is_clamped_to_its_range(capfd):
    permutohedral._say_clamped.cache_clear()
    img, values = _images(), _values()
    beyond = torch.where(img == 0, -40.0, img)
    beyond[0, 0, 9, 0] = 1e30
    img[0, 0, 9, 0] = 255
    result = bilateral_filter(values, beyond, 15.0, 5.0)
    assert torch.equal(result, bilateral_filter(values, img, 15.0, 5.0))
    bilateral_filter(values, beyond, 15.0, 5.0)
    assert ''.join(capfd.readouterr()).count('outside 0..255 are clamped') == 1


def test_float_error_is_not_said_to_be_clamped(capfd):
    permutohedral._say_clamped.cache_clear()
    img = _images().clamp(0, 255)
    for shift in (-0.1, 0.1):
        bilateral_filter(_values(), img + shift, 15.0, 5.0)
    assert 'clamped' not in ''.join(capfd.readouterr())


def test_nan_in_the_image_is_in_the_result():
    img, values = _images(num_images=2), _values(num_images=2)
    expected = bilateral_filter(values, img, 15.0, 5.0)
    img[0, 1, 5, 5] = float('nan')
    result = bilateral_filter(values, img, 15.0, 5.0)
    assert result[0, :, 5, 5].isnan().all()
    torch.testing.assert_close(result[1], expected[1])


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason='no CUDA device')
def test_cuda_equals_cpu():
    img, values = _images(num_images=2), _values(num_images=2)
    expected = bilateral_filter(values, img, 15.0, 5.0)
    result = bilateral_filter(values.cuda(), img.cuda(), 15.0, 5.0)
    torch.testing.assert_close(result.cpu(), expected)


def test_wrong_shapes():
    with pytest.raises(ValueError, match=r'features .* \(4,\)'):
        PermutohedralLattice(torch.zeros(4))
    lattice = PermutohedralLattice(torch.zeros(2, 4, 3))
    with pytest.raises(ValueError, match=r'values .*\(2, 4, \*\).* \(2, 5'):
        lattice.filter(torch.zeros(2, 5, 1))
    with pytest.raises(ValueError, match=r'img .* \(2, 3, 8, 9\)'):
        bilateral_filter(
            torch.zeros(2, 5, 8, 8), torch.zeros(2, 3, 8, 9), 15.0, 50.0
        )


@pytest.mark.parametrize('bad', [float('nan'), float('inf'), 1e30])
def test_positions_out_of_range(bad):
    features = torch.zeros(4, 5)
    features[2, 3] = bad
    with pytest.raises(ValueError, match='NaN and inf, or take larger'):
        PermutohedralLattice(features)
