"""Two views in, two normalised batches out."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch
from mmengine.registry import MODELS
from mmseg.models import SegDataPreProcessor
from torch import Tensor


@MODELS.register_module()
class TwoViewDataPreprocessor(SegDataPreProcessor):
    """Normalise a training batch of two views; evaluate as mmseg does.

    - Training: the batch is ``inputs={'weak': imgs, 'strong': imgs}``, each a
      list of N uint8 tensors (3, H, W) of one size, as
      ``PackImageLabelInputs`` and the default collate make it. Each view
      becomes a float32 tensor (N, 3, H, W), RGB, ``(img - mean) / std``. The
      padding that the crop put around small images is black, and normalised
      like the rest. Data samples stay on the CPU: they hold no maps, and
      labels can be checked there without waiting for the device.
    - Evaluation: as mmseg's ``SegDataPreProcessor``.

    Args:
        mean (Sequence[float]): Mean of the R, G and B channel, in 0..255.
        std (Sequence[float]): Standard deviation likewise.
        bgr_to_rgb (bool): Whether images come as BGR, as mmcv reads them.
            Defaults to True.
        test_cfg (dict, optional): Padding in evaluation, ``dict(size=...)`` or
            ``dict(size_divisor=...)``. Defaults to None.

    Raises:
        ValueError: ``mean`` or ``std`` are not three numbers, or ``std`` is
            not positive; a training batch has no two views, or a view or
            an evaluation batch has images of several sizes.
    """

    def __init__(
        self,
        mean: Sequence[float],
        std: Sequence[float],
        bgr_to_rgb: bool = True,
        test_cfg: dict | None = None,
    ) -> None:
        for name, values in dict(mean=mean, std=std).items():
            if len(values) != 3:
                raise ValueError(
                    f'{name} must be three numbers (R, G, B), got {values}'
                )
        if min(std) <= 0:
            raise ValueError(f'std must be positive, got {std}')
        super().__init__(
            mean=mean, std=std, bgr_to_rgb=bgr_to_rgb, test_cfg=test_cfg
        )
        self.bgr_to_rgb = bgr_to_rgb

    def forward(self, data: dict, training: bool = False) -> dict[str, Any]:
        """Make the model's input from a collated batch.

        Args:
            data (dict): ``inputs`` and ``data_samples``, see the class.
            training (bool): Whether it is a training batch.

        Returns:
            dict: ``inputs``, in training ``{'weak': (N, 3, H, W), 'strong':
            (N, 3, H, W)}``, else (N, 3, H, W); and ``data_samples``.
        """
        if not training:
            _check_sizes(
                data['inputs'],
                'an evaluation batch',
                "set the dataloader's batch_size=1, or resize all to one size",
            )
            return super().forward(data, training)
        views = data['inputs']
        if not isinstance(views, Mapping) or set(views) != {'weak', 'strong'}:
            found = list(views) if isinstance(views, Mapping) else type(views)
            raise ValueError(
                "a training batch needs inputs={'weak': [...], 'strong': "
                f'[...]}}, but has {found}; end the training pipeline with '
                'TwoViews and PackImageLabelInputs'
            )
        inputs = {name: self._batch(name, views[name]) for name in views}
        return dict(inputs=inputs, data_samples=data['data_samples'])

    def denormalize(self, img: Tensor) -> Tensor:
        """Bring normalised images back to pixel values.

        ``img * std + mean``, neither rounded nor truncated; see
        :func:`cosa_mmseg.structures.to_uint8` for whole numbers.

        Args:
            img (Tensor): Normalised RGB images, shape (N, 3, H, W).

        Returns:
            Tensor: The images in 0..255, float32, shape (N, 3, H, W).
        """
        return img * self.std + self.mean

    def _batch(self, name: str, imgs: Sequence[Tensor]) -> Tensor:
        """Normalised (N, 3, H, W) of N uint8 images (3, H, W)."""
        advice = 'put RandomPlaceCrop into the pipeline'
        _check_sizes(imgs, f'the {name} view', advice)
        batch = self.cast_data(torch.stack(list(imgs)))
        if self.bgr_to_rgb:
            batch = batch[:, [2, 1, 0]]
        return (batch.float() - self.mean) / self.std


def _check_sizes(imgs: Iterable[Tensor], owner: str, advice: str) -> None:
    """Raise a ``ValueError`` unless images have one size."""
    sizes = {tuple(img.shape) for img in imgs}
    if len(sizes) > 1:
        raise ValueError(
            f'images of {owner} must have one size, but have {sorted(sizes)}; '
            f'{advice}'
        )
