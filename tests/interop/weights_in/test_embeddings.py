"""The resize of patch embeddings."""

import pytest
import torch

from cosa_mmseg.interop.weights_in.embeddings import resize_patches


@pytest.mark.parametrize('size', [(16, 16), (8, 8), (20, 12)])
def test_as_timm_resizes_them(size):
    layers = pytest.importorskip('timm.layers')
    weight = torch.randn(5, 3, 14, 14)
    expected = layers.resample_patch_embed(weight, list(size))
    # a pseudo-inverse in float32, of values up to 7
    torch.testing.assert_close(
        resize_patches(weight, size), expected, atol=1e-4, rtol=0
    )


def test_larger_patches_give_the_tokens_of_the_smaller():
    weight = torch.randn(5, 3, 8, 8)
    patch = torch.randn(3, 8, 8)
    larger = torch.nn.functional.interpolate(
        patch[None], (12, 12), mode='bicubic', antialias=True
    )[0]
    torch.testing.assert_close(
        (resize_patches(weight, (12, 12)) * larger).sum((1, 2, 3)),
        (weight * patch).sum((1, 2, 3)),
        atol=1e-4,
        rtol=0,
    )
