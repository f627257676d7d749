"""What a model makes of images, from CAM to prediction."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import torch
from mmengine.dataset import BaseDataset, pseudo_collate
from mmseg.structures import SegDataSample
from torch import Tensor, nn

from cosa_mmseg.models import CAMEncoderDecoder, CoSA
from cosa_mmseg.structures import CoSABatch

from .gallery_row import GalleryRow


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
    rows = []
    for index in indices:
        data = pseudo_collate([dataset[index]])
        row = _assigned(model, data, model.data_preprocessor(data)['inputs'])
        prediction = model.test_step(data)[0].pred_sem_seg.data[0].cpu()
        rows.append(
            replace(
                row,
                cam_aux=None,
                cpl_aux=None,
                weight=None,
                prediction=prediction,
            )
        )
    return rows


@torch.no_grad()
def observe(model: CoSA, data: dict) -> GalleryRow:
    """All that a model in training makes of an image of an evaluation set.

    Pseudo labels as of :func:`explain`; the weights are those of this image
    alone.  Both networks predict label-free, with the views of ``test_cfg``
    and without post-processing: ``prediction`` is the assignment network's.
    The model is left in the mode that it was in.

    Args:
        model (CoSA): The model.
        data (dict): A packed sample with ``gt_label``, see
            :class:`PackImageLabelInputs`; it is not changed.

    Returns:
        GalleryRow: Every picture that there is.
    """
    sample = data['data_samples']
    meta = [SegDataSample(metainfo=sample.metainfo)]
    data = dict(inputs=[data['inputs']], data_samples=[sample.clone()])
    with _evaluating(model):
        batch = model.data_preprocessor(
            dict(inputs=data['inputs'], data_samples=meta)
        )
        row = _assigned(model, data, batch['inputs'])
        maps = [
            _predict(model, network, batch)
            for network in (model.assignment, model.online)
        ]
    prediction, online = (label_map.cpu() for label_map in maps)
    return replace(row, prediction=prediction, online=online)


def _predict(model: CoSA, network: CAMEncoderDecoder, batch: dict) -> Tensor:
    """Label-free segmentation of a network at the original size, (H, W)."""
    logits = model.predict_views(network, batch['inputs']).seg_logits
    samples = [SegDataSample(metainfo=batch['data_samples'][0].metainfo)]
    return model.postprocess_result(logits, samples)[0].pred_sem_seg.data[0]


def _assigned(model: CoSA, data: dict, weak: Tensor) -> GalleryRow:
    """The row of an image without predictions.

    Args:
        model (CoSA): In evaluation mode.
        data (dict): Collated batch of one image.
        weak (Tensor): The image as the networks see it, (1, 3, H, W).
    """
    sample: SegDataSample = data['data_samples'][0]
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
    truth = sample.get('gt_sem_seg')
    weight = pseudo.weight
    return GalleryRow(
        image_id=sample.img_id,
        image=data['inputs'][0].flip(0).permute(1, 2, 0),  # from (3, H, W) BGR
        labels=sample.gt_label.label.cpu(),
        truth=None if truth is None else truth.data[0].cpu(),
        cam=output.cam[0].cpu(),
        cam_aux=output.cam_aux[0].cpu(),
        cpl=pseudo.cam_label[0].cpu(),
        cpl_aux=pseudo.cam_label_aux[0].cpu(),
        weight=None if weight is None else weight[0].cpu(),
        spl=pseudo.seg_label[0].cpu(),
    )


@contextmanager
def _evaluating(model: nn.Module) -> Iterator[None]:
    """Evaluation mode; each module gets its own mode back."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode
