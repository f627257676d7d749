"""Pictures of an image in a model, from CAM to prediction."""

import torch
from mmseg.structures import SegDataSample
from torch import Tensor

from cosa_mmseg.models import CoSA
from cosa_mmseg.structures import CoSABatch

from .gallery_row import GalleryRow


@torch.no_grad()
def observe(model: CoSA, data: dict) -> GalleryRow:
    """Return all that a model makes of an image of an evaluation set.

    CAMs, CPL and SPL are what the assignment network would hand to the online
    network if the image were a weak view: restricted to the image's true
    labels.  The weights are those of this image alone.  Both networks predict
    label-free, with the views of ``test_cfg`` and without post-processing.
    Each module of the model is left in the mode that it was in.

    Args:
        model (CoSA): The model.
        data (dict): A packed sample with ``gt_label``, see
            :class:`PackImageLabelInputs`; it is not changed.

    Returns:
        GalleryRow: Every picture that there is.
    """
    modes = {module: module.training for module in model.modules()}
    model.eval()
    try:
        return _observe(model, data['inputs'], data['data_samples'])
    finally:
        for module, mode in modes.items():
            module.training = mode


def _observe(model: CoSA, img: Tensor, sample: SegDataSample) -> GalleryRow:
    """See :func:`observe`; ``img`` is (3, H, W), uint8, BGR."""
    meta = [SegDataSample(metainfo=sample.metainfo)]
    weak = model.data_preprocessor(dict(inputs=[img], data_samples=meta))[
        'inputs'
    ]
    batch = CoSABatch.of(
        dict(weak=weak, strong=weak),
        [sample],
        model.num_fg_classes,
        model.data_preprocessor.denormalize,
    )
    assigner = model.assigner
    output = assigner.predict_views(model.assignment.forward_heads, weak)
    every_class = torch.arange(model.num_fg_classes, device=weak.device)
    pseudo = assigner.label(output, batch, every_class)
    predictions = {}
    for name in ('assignment', 'online'):
        logits = model.predict_views(getattr(model, name), weak).seg_logits
        # which is written into the data sample
        samples = [SegDataSample(metainfo=meta[0].metainfo)]
        result = model.postprocess_result(logits, samples)[0]
        predictions[name] = result.pred_sem_seg.data[0].cpu()
    truth, weight = sample.get('gt_sem_seg'), pseudo.weight
    return GalleryRow(
        image_id=sample.img_id,
        image=img.flip(0).permute(1, 2, 0),  # to (H, W, 3) RGB
        labels=sample.gt_label.label.cpu(),
        truth=None if truth is None else truth.data[0].cpu(),
        cam=output.cam[0].cpu(),
        cam_aux=output.cam_aux[0].cpu(),
        cpl=pseudo.cam_label[0].cpu(),
        cpl_aux=pseudo.cam_label_aux[0].cpu(),
        weight=None if weight is None else weight[0].cpu(),
        spl=pseudo.seg_label[0].cpu(),
        prediction=predictions['assignment'],
        online=predictions['online'],
    )
