"""Assignments: from the weak view to pseudo labels."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from mmengine.registry import MODELS
from torch import Tensor, nn

from cosa_mmseg.structures import (
    CAMLabels,
    CoSABatch,
    NetworkOutput,
    PseudoLabels,
    resize_maps,
)

from ..ops.cam import normalize_cam, restrict_cam, to_class_ids
from ..ops.checks import check_call, check_choice, check_range
from .perplexity import perplexity
from .statistics import summarize

_LABELER = ['cam', 'img_label', 'valid_mask', 'rgb']
_ARGUMENTS = dict(
    cam_labeler=_LABELER,
    cam_labeler_aux=_LABELER,
    seg_labeler=['seg_logits', 'img_label'],
    reliability=['confidence', 'xi', 'cam', 'valid_mask'],
)


@MODELS.register_module()
class Assigner(nn.Module):
    """Make what the assignment network hands to the online network.

    Args:
        multi_scale (dict): How the network looks at the weak view,
            :class:`MultiScaleInference`.
        cam_labeler (dict): From the CAM to CAM pseudo labels,
            :class:`ThresholdLabeler` or :class:`DualThresholdLabeler`.
        seg_labeler (dict): From the segmentation to segmentation pseudo
            labels, :class:`RestrictedSoftmax`.
        cam_labeler_aux (dict, optional): Of the auxiliary CAM; None: as
            ``cam_labeler``, with a threshold of its own.
        reliability (dict, optional): Weights of the CAM pseudo labels,
            :class:`PerplexityWeight`.
        refiner (dict, optional): Module that refines maps (N, K, h, w) along
            the edges of an image (N, 3, h, w) in [0, 1], such as
            :class:`PixelAdaptiveRefinement`. Both CAMs are refined before
            they are labelled (ours): the CAM of a photograph is a blob as
            coarse as the features.
        refiner_downscale (int): The refiner works at 1 / ``refiner_downscale``
            of the size of the image, at least 1.
        all_classes (bool): Whether labelers and reliability see the maps of
            all C classes, in their order, instead of those that the batch
            shows: for parts that tell classes apart.
        dtype (str, optional): ``'bfloat16'`` or ``'float16'``: the network
            runs under autocast to it; what is made of its maps is float32.
            None: as the optimiser wrapper has it.

    Raises:
        ValueError: If ``reliability`` meets labelers without a single
            threshold, ``dtype`` is unknown or ``refiner_downscale`` below 1.
    """

    def __init__(
        self,
        multi_scale: dict,
        cam_labeler: dict,
        seg_labeler: dict,
        cam_labeler_aux: dict | None = None,
        reliability: dict | None = None,
        refiner: dict | None = None,
        refiner_downscale: int = 2,
        all_classes: bool = False,
        dtype: str | None = None,
    ) -> None:
        super().__init__()
        self.all_classes = all_classes
        if dtype is not None:
            choices = ('bfloat16', 'float16')
            check_choice(choices, **{'assigner.dtype': dtype})
        self.dtype = getattr(torch, dtype) if dtype else None
        check_range('[1, inf)', refiner_downscale=refiner_downscale)
        self.refiner: Any = MODELS.build(refiner) if refiner else None
        self.refiner_downscale = refiner_downscale
        self.multi_scale = MODELS.build(multi_scale)
        self.cam_labeler = MODELS.build(cam_labeler)
        self.cam_labeler_aux = MODELS.build(cam_labeler_aux or cam_labeler)
        self.seg_labeler = MODELS.build(seg_labeler)
        self.reliability = MODELS.build(reliability) if reliability else None
        if self.reliability is not None and self.thresholds is None:
            raise ValueError(
                'reliability is the distance from one threshold: set '
                'cam_labeler (and cam_labeler_aux) to a labeler that has '
                'one, such as ThresholdLabeler'
            )
        for name, args in _ARGUMENTS.items():
            check_call(name, getattr(self, name), args)

    @property
    def thresholds(self) -> tuple[Tensor, Tensor] | None:
        """tuple, optional: Single thresholds of main and auxiliary CAM."""
        found = [
            labeler.xi
            for labeler in (self.cam_labeler, self.cam_labeler_aux)
            if hasattr(labeler, 'xi')
        ]
        return (found[0], found[1]) if len(found) == 2 else None

    @property
    def num_images(self) -> int:
        """int: Images that dynamic thresholds want to see before their use."""
        return max(
            self.cam_labeler.num_images, self.cam_labeler_aux.num_images
        )

    @torch.no_grad()
    def forward(
        self, network: Callable[[Tensor], NetworkOutput], batch: CoSABatch
    ) -> PseudoLabels:
        """Make pseudo labels of a batch.

        Args:
            network (Callable): From images to a :class:`NetworkOutput`.
            batch (CoSABatch): Only the maps of its ``classes`` are kept,
                unless ``all_classes`` is set: what labelers and reliability
                cost does not grow with the classes of the data set.

        Returns:
            PseudoLabels: At the size of the views.
        """
        classes = batch.classes
        if self.all_classes:
            classes = torch.arange(
                batch.img_label.shape[1], device=classes.device
            )
        output = self.predict_views(
            lambda img: network(img).of_classes(classes), batch.weak
        )
        return self.label(output, batch, classes)

    def label(
        self, output: NetworkOutput, batch: CoSABatch, classes: Tensor
    ) -> PseudoLabels:
        """Make pseudo labels of what the network says of the weak view.

        This is where maps of some classes become labels of all.

        Args:
            output (NetworkOutput): As of :meth:`predict_views`, of P classes.
            batch (CoSABatch): The batch.
            classes (Tensor): Those classes, 0-based, int64 (P,).

        Returns:
            PseudoLabels: At the size of the maps.
        """
        img_label = batch.img_label.index_select(1, classes)
        if self.refiner is not None:
            output = self.refine(output, img_label, batch.weak_rgb)
        cam_label, weight, _ = self._label_cam(
            self.cam_labeler, output.cam, img_label, batch
        )
        cam_label_aux, weight_aux, perplexity_aux = self._label_cam(
            self.cam_labeler_aux, output.cam_aux, img_label, batch
        )
        seg_prob = self.seg_labeler(output.seg_logits, img_label)
        # on a CPU max is far faster than argmax
        seg_label = seg_prob.max(dim=1).indices
        return PseudoLabels(
            cam_label=to_class_ids(cam_label, classes),
            cam_label_aux=to_class_ids(cam_label_aux, classes),
            seg_prob=seg_prob,
            classes=classes,
            seg_label=to_class_ids(seg_label, classes),
            weight=weight,
            weight_aux=weight_aux,
            perplexity_aux=perplexity_aux,
        )

    def refine(
        self, output: NetworkOutput, img_label: Tensor, rgb: Tensor
    ) -> NetworkOutput:
        """Refine both CAMs of the classes that each image shows.

        Args:
            output (NetworkOutput): Of P classes.
            img_label (Tensor): Multi-hot labels of these classes, (N, P).
            rgb (Tensor): Images in [0, 1], (N, 3, H, W).

        Returns:
            NetworkOutput: With other ``cam`` and ``cam_aux``, (N, P, H, W).
        """
        num_shown = max(int(img_label.sum(dim=1).max()), 1)
        shown = img_label.topk(num_shown).indices[:, :, None, None]
        shown = shown.expand(-1, -1, *rgb.shape[-2:])
        small = [max(s // self.refiner_downscale, 1) for s in rgb.shape[-2:]]
        maps = torch.cat(
            [cam.gather(1, shown) for cam in (output.cam, output.cam_aux)],
            dim=1,
        )
        maps = self.refiner(resize_maps(maps, small), resize_maps(rgb, small))
        maps = normalize_cam(resize_maps(maps, rgb.shape[-2:]))
        cam, cam_aux = (
            torch.zeros_like(output.cam).scatter(1, shown, refined)
            for refined in maps.chunk(2, dim=1)
        )
        return replace(output, cam=cam, cam_aux=cam_aux)

    def _label_cam(
        self,
        labeler: nn.Module,
        cam: Tensor,
        img_label: Tensor,
        batch: CoSABatch,
    ) -> tuple[Tensor, Tensor | None, Tensor | None]:
        """Label one CAM; return labels, weight and perplexity, if any."""
        rgb = batch.weak_rgb if getattr(labeler, 'needs_rgb', True) else None
        made: CAMLabels = labeler(cam, img_label, batch.valid, rgb)
        if made.confidence is None or made.xi is None:
            return made.label, None, None
        if self.reliability is None:
            value = perplexity(made.confidence, made.xi)
            return made.label, None, value
        cam = restrict_cam(cam, img_label)
        return made.label, *self.reliability(
            made.confidence, made.xi, cam, batch.valid
        )

    def predict_views(
        self, network: Callable[[Tensor], NetworkOutput], weak: Tensor
    ) -> NetworkOutput:
        """Run a network on the views of images and merge what it says.

        Args:
            network (Callable): From images to a :class:`NetworkOutput`.
            weak (Tensor): Normalised images, (N, 3, H, W).

        Returns:
            NetworkOutput: As of :class:`MultiScaleInference`; the network
            runs in ``dtype``.
        """
        if self.dtype is None:
            return self.multi_scale(network, weak)
        with torch.autocast(weak.device.type, dtype=self.dtype):
            return self.multi_scale(network, weak)

    def statistics(self, pseudo: PseudoLabels) -> dict[str, Tensor]:
        """Summarise pseudo labels for the log, where a run goes wrong.

        Args:
            pseudo (PseudoLabels): What :meth:`forward` gave.

        Returns:
            dict[str, Tensor]: Those of :func:`summarize` and, where
            there are single thresholds, ``xi`` and ``xi_aux``; 0-d each.
        """
        out = summarize(pseudo)
        if found := self.thresholds:
            out['xi'], out['xi_aux'] = found
        return out
