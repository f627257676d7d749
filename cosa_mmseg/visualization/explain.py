"""What a trained model makes of images, from CAM to prediction."""

from collections.abc import Sequence

import torch
from mmengine.dataset import BaseDataset, pseudo_collate

from cosa_mmseg.models import CoSA
from cosa_mmseg.structures import stack_img_labels, stack_valid_mask

from .gallery import GalleryRow


@torch.no_grad()
def explain(
    model: CoSA, dataset: BaseDataset, indices: Sequence[int]
) -> list[GalleryRow]:
    """Gallery rows of some images of an evaluation set.

    CAM, CPL and SPL are what the assignment network would hand to the online
    network if the image were a weak view: restricted to the image's true
    labels.  The prediction is the model's, label-free.

    Args:
        model (CoSA): Trained model, in any mode; it is left in evaluation
            mode.
        dataset (BaseDataset): Evaluation set whose samples carry ``gt_label``
            and, where there is one, ``gt_sem_seg``.
        indices (Sequence[int]): Which of its images.

    Returns:
        list[GalleryRow]: One for each index.
    """
    model.eval()
    return [_row(model, pseudo_collate([dataset[i]])) for i in indices]


def _row(model: CoSA, data: dict) -> GalleryRow:
    """The row of a batch of one image."""
    img = data['inputs'][0]  # (3, H, W), BGR
    sample = data['data_samples'][0]
    weak = model.data_preprocessor(data)['inputs']
    pseudo = model.assign(
        weak,
        stack_img_labels([sample], model.num_fg_classes, weak.device),
        stack_valid_mask([sample], weak.shape[-2:], weak.device),
    )
    prediction = model.test_step(data)[0].pred_sem_seg.data[0]
    truth = sample.get('gt_sem_seg')
    return GalleryRow(
        image_id=sample.img_id,
        image=img.flip(0).permute(1, 2, 0),
        labels=sample.gt_label.label,
        truth=None if truth is None else truth.data[0].cpu(),
        cam=pseudo.cam[0].cpu(),
        cpl=pseudo.cam_label[0].cpu(),
        spl=pseudo.seg_prob[0].argmax(dim=0).cpu(),
        prediction=prediction.cpu(),
    )
