"""Random images that cost a model what photographs cost it."""

from collections.abc import Sequence

import torch
from mmengine.registry import DATASETS
from mmengine.structures import LabelData
from mmseg.models.utils import resize
from mmseg.structures import SegDataSample
from torch import Tensor
from torch.utils.data import Dataset

# Amplitude of an octave of n x n values: n ** -FALLOFF.  The time of the
# dense energy depends on the lattice points that an image has.  At 224 x 224,
# two photographs have 6,300 and 10,700, these images about 8,700, white noise
# 44,000.
FALLOFF = 0.65
MEAN, STD = 115, 60  # grey levels


def random_image(size: Sequence[int], generator: torch.Generator) -> Tensor:
    """An image of random structures of all sizes.

    Args:
        size: Height and width.
        generator: Where the random numbers are from.

    Returns:
        Tensor: uint8, (3, H, W).
    """
    img = torch.zeros(1, 3, *size)
    side = 2
    while side <= min(size):
        octave = torch.randn(1, 3, side, side, generator=generator)
        img += side**-FALLOFF * resize(octave, size=size, mode='bilinear')
        side *= 2
    return (img[0] / img.std() * STD + MEAN).clamp(0, 255).byte()


@DATASETS.register_module()
class SyntheticImages(Dataset):
    """Random images with random labels, made once and packed as real ones.

    What a sample costs is the copying of a finished image: no time for data
    is in a step.

    Args:
        num_classes (int): K, with the background.
        size (Sequence[int]): Height and width of what the model gets.
        ori_size (Sequence[int], optional): Those of the image before it was
            resized. Defaults to ``size``.
        two_views (bool): Whether samples have a weak and a strong view (they
            are the same), for training.
        num_images (int): Number of images.
    """

    metainfo: dict = {}

    def __init__(
        self,
        num_classes: int,
        size: Sequence[int],
        ori_size: Sequence[int] | None = None,
        two_views: bool = False,
        num_images: int = 16,
    ) -> None:
        generator = torch.Generator().manual_seed(0)
        self.num_fg_classes = num_classes - 1
        self.size = tuple(size)
        self.ori_size = tuple(ori_size or size)
        self.two_views = two_views
        self.imgs = [random_image(size, generator) for _ in range(num_images)]

    def __len__(self) -> int:
        return len(self.imgs)

    def __getitem__(self, index: int) -> dict:
        """A sample as ``PackImageLabelInputs`` packs it."""
        img = self.imgs[index]
        height, width = self.size
        sample = SegDataSample(
            gt_label=LabelData(label=torch.tensor(self._present(index))),
            metainfo=dict(
                img_id=f'synthetic_{index}',
                img_shape=self.size,
                ori_shape=self.ori_size,
                valid_box=(0, height, 0, width),
            ),
        )
        if self.two_views:
            return dict(
                inputs=dict(weak=img, strong=img.clone()), data_samples=sample
            )
        return dict(inputs=img, data_samples=sample)

    def _present(self, index: int) -> list[int]:
        """One to three classes, 0-based."""
        classes = range(index, index + 1 + index % 3)
        return sorted({c % self.num_fg_classes for c in classes})
