"""What a classifier makes of the pixels that its CAM shows."""

from collections.abc import Callable

import torch
from mmengine.structures import LabelData
from mmseg.structures import SegDataSample
from torch import Tensor


def add_cam_drop(
    sample: SegDataSample,
    classify: Callable[[Tensor], Tensor],
    img: Tensor,
    cams: dict[str, Tensor],
    pixels: tuple[slice, slice] = (slice(None), slice(None)),
) -> None:
    """Put on a prediction how the class scores change behind the CAMs.

    The image is seen again for each class twice: times the CAM of the class,
    and times what the CAM leaves of 1, so that the rest has the mean colour
    of the normalisation.  The classes are those of the image-level label or,
    without one, those of a score of more than .5.  Beside that it is found
    how far the CAMs of a class agree, the correlation of their pixels; NaN
    where one of them is constant.

    Args:
        sample: With ``pred_label``, perhaps with ``gt_label``; gets a
            ``LabelData`` for each name of ``cams``, ``<name>_drop``, with
            ``score``, ``inside`` and ``outside``, probabilities (n,) of the n
            classes ``label``, counted from 0, and ``agreement``, (n,) in
            [-1, 1].
        classify: From images (N, 3, H, W) to class probabilities (N, C), as
            those of the prediction were found.
        img: The normalised image, (3, H, W).
        cams: Two CAMs (C, H, W) in [0, 1] by name.
        pixels: Rows and columns of the image that are no padding.
    """
    score = sample.pred_label.score
    if 'gt_label' in sample:
        label = sample.gt_label.label.to(score.device)
    else:
        label = (score > 0.5).nonzero()[:, 0]
    seen = [cam[label][(..., *pixels)].flatten(1) for cam in cams.values()]
    both = torch.stack(seen, 1)
    agreement = [torch.corrcoef(pair)[0, 1] for pair in both]
    for name, cam in cams.items():
        found = img.new_zeros(len(label), 2)
        for row, class_id in zip(found, label.tolist(), strict=True):
            shown = cam[class_id]
            masked = img * torch.stack([shown, 1 - shown])[:, None]
            row[:] = classify(masked)[:, class_id]
        drop = LabelData(label=label, score=score[label])
        drop.inside, drop.outside = found.unbind(1)
        drop.agreement = score.new_tensor(agreement)
        sample.set_data({f'{name}_drop': drop})
