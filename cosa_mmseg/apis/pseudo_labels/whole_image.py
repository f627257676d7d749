"""Pseudo labels of whole images, at the size of the image."""

from dataclasses import dataclass

import torch
from mmseg.models.utils import resize
from torch import Tensor, nn

from cosa_mmseg.models import CoSA
from cosa_mmseg.models.ops.cam import restrict_cam
from cosa_mmseg.models.pseudo_labels import Assigner
from cosa_mmseg.structures import stack_img_labels, to_uint8


@dataclass(frozen=True)
class ImagePseudoLabels:
    """Pseudo labels of one image, of the classes of its image-level label.

    Attributes:
        cam (Tensor): Main CAM ``A`` of the P classes that the image shows,
            (P, H, W), in [0, 1].
        class_ids (Tensor): Their segmentation ids, in 1..C, int64 (P,).
        cam_label (Tensor): CAM pseudo labels (CPL), int64 (H, W): 0
            background, 1..C classes, 255 ignore.
        cam_confidence (Tensor): ``v = max_c A``, (H, W), in [0, 1]: how much
            of an object a pixel is; low where the label is background.
        seg_label (Tensor): Argmax of the segmentation pseudo labels (SPL),
            int64 (H, W): 0, 1..C.
        seg_confidence (Tensor): The SPL's probability of that class, (H, W).
    """

    cam: Tensor
    class_ids: Tensor
    cam_label: Tensor
    cam_confidence: Tensor
    seg_label: Tensor
    seg_confidence: Tensor


@torch.no_grad()
def label_images(model: CoSA, data: dict) -> list[ImagePseudoLabels]:
    """What the model's assigner makes of whole images, as in training.

    The assignment network sees the images as its multi-scale inference has
    it.  Its CAM and its logits are resized to each image's original size;
    then the assigner's labelers make labels of them, with the thresholds that
    the model holds, which stay as they are.

    Args:
        model (CoSA): Trained model, in any mode; it is left in evaluation
            mode.
        data (dict): Batch of an evaluation pipeline, collated as lists:
            ``inputs``, N images (3, h, w) of one size, and ``data_samples``
            with ``gt_label`` and ``ori_shape``.

    Returns:
        list[ImagePseudoLabels]: N, on the model's device.

    Raises:
        ValueError: If a sample has no image-level label or an unknown class.
    """
    model.eval()
    samples, (h, w) = data['data_samples'], data['inputs'][0].shape[-2:]
    img = model.data_preprocessor(data)['inputs']
    img_label = stack_img_labels(samples, model.num_fg_classes, img.device)
    output = model.assigner.predict_views(model.assignment.forward_heads, img)
    rgb = to_uint8(model.data_preprocessor.denormalize(img)) / 255

    def to_image(maps: Tensor, i: int) -> Tensor:
        """(N, c, h', w'), perhaps padded, to (1, c, H, W) of image i."""
        return resize(
            maps[i : i + 1, :, :h, :w],
            size=samples[i].ori_shape[:2],
            mode='bilinear',
            align_corners=False,
        )

    return [
        _label_image(
            model.assigner,
            to_image(output.cam, i),
            to_image(output.seg_logits, i),
            to_image(rgb, i),
            img_label[i : i + 1],
        )
        for i in range(len(samples))
    ]


def _label_image(
    assigner: Assigner,
    cam: Tensor,
    seg_logits: Tensor,
    rgb: Tensor,
    img_label: Tensor,
) -> ImagePseudoLabels:
    """Labels of maps (1, channels, H, W) of one size."""
    present = img_label[0].nonzero()[:, 0]
    kept = restrict_cam(cam, img_label)
    seg = assigner.seg_labeler(seg_logits, img_label).max(dim=1)
    return ImagePseudoLabels(
        cam=cam[0, present],
        class_ids=present + 1,
        cam_label=_cam_label(assigner.cam_labeler, cam, rgb, img_label),
        cam_confidence=kept.amax(dim=1)[0],
        seg_label=seg.indices[0],
        seg_confidence=seg.values[0],
    )


def _cam_label(
    labeler: nn.Module, cam: Tensor, rgb: Tensor, img_label: Tensor
) -> Tensor:
    """CPL of one image, (H, W), every pixel of which is real."""
    valid_mask = torch.ones_like(cam[:, 0], dtype=torch.bool)
    return labeler(cam, img_label, valid_mask, rgb).label[0]
