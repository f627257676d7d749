"""Multi-scale inference with mirrored views."""

from collections.abc import Callable, Iterable, Sequence
from functools import reduce

import torch
from mmengine.registry import MODELS
from torch import Tensor, nn

from cosa_mmseg.structures import NetworkOutput, resize_maps
from cosa_mmseg.utils.dtype import promote_half

from ..ops.cam import normalize_cam
from ..ops.checks import check_choice, check_range


@MODELS.register_module()
class MultiScaleInference(nn.Module):
    r"""Run a network on scaled and mirrored views and merge what it says.

    CAM: maximum over {view, mirror}, ReLU, sum over the scales, each map of
    each image scaled to [0, 1].  Segmentation logits and classification
    logits: sum over all views (released code, METHOD 4 and 8).

    Args:
        scales (Sequence[float]): Factors of the image's height and width, in
            the order they are run.
        mirror (bool): Whether each scale is also mirrored.
        aux_scales (str): ``'sum'`` merges the auxiliary CAM as the main one
            (ours); ``'last'`` keeps its last scale only, as the released code
            does by accident.
        size_divisor (int): Views have sides that are multiples of it, the
            nearest ones. For a ViT its patch size: it pads what is left of
            an image to a whole patch, which then shows less than the
            others (ours).

    Raises:
        ValueError: If an argument is out of range.
    """

    def __init__(
        self,
        scales: Sequence[float] = (1.0, 0.5, 1.5),
        mirror: bool = True,
        aux_scales: str = 'sum',
        size_divisor: int = 1,
    ) -> None:
        super().__init__()
        if not scales or min(scales) <= 0:
            raise ValueError(f'scales must be positive, got {scales}')
        check_choice(('sum', 'last'), aux_scales=aux_scales)
        check_range('[1, inf)', size_divisor=size_divisor)
        self.scales = tuple(scales)
        self.mirror = mirror
        self.aux_scales = aux_scales
        self.size_divisor = size_divisor

    @property
    def num_views(self) -> int:
        """Number of views of each image that the sums run over."""
        return len(self.scales) * (1 + self.mirror)

    @torch.no_grad()
    def forward(
        self, network: Callable[[Tensor], NetworkOutput], img: Tensor
    ) -> NetworkOutput:
        """Merge the views of a batch.

        Args:
            network (Callable): From images (N, 3, h, w) to a
                :class:`NetworkOutput`.
            img (Tensor): Normalised images, (N, 3, H, W).

        Returns:
            NetworkOutput: ``cam`` and ``cam_aux`` in [0, 1] and summed
            ``seg_logits`` at (H, W); summed ``cls_logits``.
        """
        views = [self._run(network, img, scale) for scale in self.scales]
        aux_views = views if self.aux_scales == 'sum' else views[-1:]
        return NetworkOutput(
            seg_logits=_sum(view.seg_logits for view in views),
            cam=normalize_cam(_sum(view.cam for view in views)),
            cam_aux=normalize_cam(_sum(view.cam_aux for view in aux_views)),
            cls_logits=_sum(view.cls_logits for view in views),
            cls_logits_aux=_sum(view.cls_logits_aux for view in views),
        )

    def _run(
        self,
        network: Callable[[Tensor], NetworkOutput],
        img: Tensor,
        scale: float,
    ) -> NetworkOutput:
        """One scale with its mirror, in one batch; maps at the full size."""
        size = img.shape[-2:]
        scaled = [self._scaled_side(side, scale) for side in size]
        if scaled != [*size]:
            img = resize_maps(img, scaled)
        num = len(img)
        out = network(torch.cat([img, img.flip(-1)]) if self.mirror else img)

        def merge(maps: Tensor, how: Callable) -> Tensor:
            if not self.mirror:
                return maps
            return how(maps[:num], maps[num:].flip(-1))

        cam, cam_aux = (
            resize_maps(promote_half(cam), size)
            for cam in (out.cam, out.cam_aux)
        )
        cls, cls_aux = (
            promote_half(logits).unflatten(0, (-1, num)).sum(dim=0)
            for logits in (out.cls_logits, out.cls_logits_aux)
        )
        return NetworkOutput(
            # resizing is linear: the sum is resized, but not the maximum
            seg_logits=resize_maps(
                merge(promote_half(out.seg_logits), torch.add), size
            ),
            cam=merge(cam, torch.maximum).relu(),
            cam_aux=merge(cam_aux, torch.maximum).relu(),
            cls_logits=cls,
            cls_logits_aux=cls_aux,
        )

    def _scaled_side(self, side: int, scale: float) -> int:
        """Height or width of a view."""
        divisor = self.size_divisor
        patches = (int(scale * side) + divisor // 2) // divisor
        return max(patches, 1) * divisor


def _sum(tensors: Iterable[Tensor]) -> Tensor:
    return reduce(torch.add, tensors)
