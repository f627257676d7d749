"""Pseudo labels of whole images, at the size of the image."""

from dataclasses import dataclass

import torch
from torch import Tensor

from cosa_mmseg.models import CoSA
from cosa_mmseg.models.ops.cam import restrict_cam
from cosa_mmseg.structures import resize_maps, stack_img_labels, to_uint8


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
    """Return what the model's assigner makes of whole images.

    As in training, the assignment network runs in its multi-scale inference.
    Its CAM and its logits are resized to each image's original size;
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
    assigner, samples = model.assigner, data['data_samples']
    h, w = data['inputs'][0].shape[-2:]
    img = model.data_preprocessor(data)['inputs']
    img_label = stack_img_labels(samples, model.num_fg_classes, img.device)
    output = assigner.predict_views(model.assignment.forward_heads, img)
    maps = [output.cam, output.seg_logits]
    if getattr(assigner.cam_labeler, 'needs_rgb', True):
        maps.append(to_uint8(model.data_preprocessor.denormalize(img)) / 255)
    found = []
    for i, sample in enumerate(samples):
        cam, seg_logits, *rgb = (
            # without padding
            resize_maps(m[i : i + 1, :, :h, :w], sample.ori_shape[:2])
            for m in maps
        )
        label = img_label[i : i + 1]
        valid = torch.ones_like(cam[:, 0], dtype=torch.bool)
        image = rgb[0] if rgb else None
        cam_labels = assigner.cam_labeler(cam, label, valid, image)
        seg = assigner.seg_labeler(seg_logits, label).max(dim=1)
        present = label[0].nonzero()[:, 0]
        found.append(
            ImagePseudoLabels(
                cam=cam[0, present],
                class_ids=present + 1,
                cam_label=cam_labels.label[0],
                cam_confidence=restrict_cam(cam, label).amax(dim=1)[0],
                seg_label=seg.indices[0],
                seg_confidence=seg.values[0],
            )
        )
    return found
