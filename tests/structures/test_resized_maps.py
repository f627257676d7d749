import pytest
import torch

from cosa_mmseg.structures import ResizedMaps, resize_maps


@pytest.mark.parametrize('size', [(7, 9), (4, 5), (2, 3)])
def test_some_maps_are_those_of_all(size):
    maps = torch.rand(6, 4, 5)
    resized = ResizedMaps(maps, size)
    whole = resize_maps(maps[None], size)[0]
    assert resized.shape == resized.data.shape == (6, *size)
    assert torch.equal(resized.data, whole)
    for classes in ([], [3], [5, 0]):
        found = resized.of_classes(torch.tensor(classes, dtype=torch.long))
        assert torch.equal(found, whole[classes])
