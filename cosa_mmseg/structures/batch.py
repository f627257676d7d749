"""A training batch as the method reads it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from mmseg.structures import SegDataSample
from torch import Tensor

from .image import to_uint8
from .img_label import (
    shown_classes,
    stack_img_labels,
    stack_masks,
    stack_valid_mask,
)


@dataclass(frozen=True, eq=False)
class CoSABatch:
    """Two views of N images and what is known of them.

    Attributes:
        weak (Tensor): Normalised weak views, (N, 3, H, W).
        strong (Tensor): Normalised strong views, (N, 3, H, W).
        img_label (Tensor): Multi-hot image-level labels, (N, C).
        valid (Tensor): True at real pixels, False in the padding, (N, H, W).
        classes (Tensor): Foreground classes, 0-based, int64 (P,), among them
            all that the images show.
        denormalize (Callable): From normalised images to pixel values in
            0..255.
        masks (Tensor, optional): Class ids of the images that have a mask to
            train with, 255 elsewhere, int64 (N, H, W); None if none has.
        has_mask (Tensor, optional): Which images these are, bool (N,).
    """

    weak: Tensor
    strong: Tensor
    img_label: Tensor
    valid: Tensor
    classes: Tensor
    denormalize: Callable[[Tensor], Tensor]
    masks: Tensor | None = None
    has_mask: Tensor | None = None

    @classmethod
    def of(
        cls,
        inputs: Mapping[str, Tensor],
        data_samples: Sequence[SegDataSample],
        num_classes: int,
        denormalize: Callable[[Tensor], Tensor],
    ) -> 'CoSABatch':
        """Collect what the data preprocessor gives.

        Args:
            inputs (Mapping[str, Tensor]): Views ``weak`` and ``strong``.
            data_samples (Sequence[SegDataSample]): With ``gt_label`` and
                ``valid_box``, and maybe ``train_mask``.
            num_classes (int): Number C of foreground classes.
            denormalize (Callable): As the attribute.

        Raises:
            ValueError: If a sample has no label, an unknown class, or a box
                that is not within the view.
        """
        weak, strong = inputs['weak'], inputs['strong']
        device, (height, width) = strong.device, strong.shape[-2:]
        return cls(
            weak,
            strong,
            stack_img_labels(data_samples, num_classes, device),
            stack_valid_mask(data_samples, (height, width), device),
            shown_classes(data_samples, device),
            denormalize,
            *stack_masks(data_samples, (height, width), device),
        )

    # Few parts read pixels: they are computed when one does.

    @cached_property
    def weak_rgb(self) -> Tensor:
        """Tensor: Weak views in RGB, n / 255 with whole n, (N, 3, H, W)."""
        return to_uint8(self.denormalize(self.weak)) / 255

    @cached_property
    def strong_rgb(self) -> Tensor:
        """Tensor: Strong views in RGB, 0..255, not rounded, (N, 3, H, W)."""
        return self.denormalize(self.strong)
