import numpy as np
import pytest
import torch

from cosa_mmseg.datasets.transforms import PackImageLabelInputs
from cosa_mmseg.models.ops.permutohedral import PermutohedralLattice
from tools.lab.benchmark import SyntheticImages
from tools.lab.benchmark.synthetic_images import random_image


def num_lattice_points(img, sigma_rgb=15, sigma_xy=50):
    """Those that the dense energy of the recipes has at half of 448."""
    y, x = torch.meshgrid(*map(torch.arange, img.shape[1:]), indexing='ij')
    position = torch.stack([x, y]) / sigma_xy
    features = torch.cat([position, img / sigma_rgb])
    return PermutohedralLattice(features.flatten(1).T).num_points


def test_images_have_as_many_lattice_points_as_photographs():
    img = random_image((448, 448), torch.Generator().manual_seed(1))
    assert img.dtype == torch.uint8
    assert img.shape == (3, 448, 448)
    half = torch.nn.functional.avg_pool2d(img.float(), 2)
    assert 6000 < num_lattice_points(half) < 11000


@pytest.mark.parametrize('two_views', [True, False])
def test_samples_are_those_of_a_pipeline(two_views):
    data = SyntheticImages(
        num_classes=4,
        size=(24, 32),
        ori_size=(30, 40),
        two_views=two_views,
        num_images=3,
    )
    sample = data[2]
    results = dict(
        img=np.zeros((24, 32, 3), np.uint8),
        img_shape=(24, 32),
        ori_shape=(30, 40),
        valid_box=(0, 24, 0, 32),
        img_id='synthetic_2',
        gt_label=[0, 1, 2],
    )
    if two_views:
        results['img_strong'] = results['img']
    packed = PackImageLabelInputs()(results)
    found, expected = sample['data_samples'], packed['data_samples']
    assert found.metainfo == expected.metainfo
    assert found.gt_label.label.equal(torch.tensor([0, 1, 2]))
    assert found.gt_label.label.dtype == expected.gt_label.label.dtype
    shape = (3, 24, 32)
    if two_views:
        assert {n: tuple(v.shape) for n, v in sample['inputs'].items()} == {
            'weak': shape,
            'strong': shape,
        }
    else:
        assert sample['inputs'].shape == shape


def test_labels_are_classes_that_there_are():
    data = SyntheticImages(num_classes=3, size=(8, 8), num_images=6)
    labels = [
        data[i]['data_samples'].gt_label.label.tolist()
        for i in range(len(data))
    ]
    assert labels == [[0], [0, 1], [0, 1], [1], [0, 1], [0, 1]]
