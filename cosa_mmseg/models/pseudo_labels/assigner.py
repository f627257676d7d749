"""Assignments: from a look at the weak view to pseudo labels."""

from collections.abc import Callable

import torch
from mmengine.registry import MODELS
from torch import Tensor, nn

from cosa_mmseg.models.ops.calls import check_call
from cosa_mmseg.structures import NetworkOutput, PseudoLabels

from ..ops.cam import (
    restrict_cam,
    to_class_ids,
)
from .perplexity import perplexity
from .watch import watch_pseudo_labels

# how `Assigner.forward` calls its parts
_CALLS = (
    ('cam_labeler', ['cam', 'img_label', 'valid_mask', 'img']),
    ('cam_labeler_aux', ['cam', 'img_label', 'valid_mask', 'img']),
    ('seg_labeler', ['seg_logits', 'img_label']),
    ('reliability', ['cam', 'xi', 'valid_mask']),
)


@MODELS.register_module()
class Assigner(nn.Module):
    """What the assignment network hands to the online network.

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
        all_classes (bool): Whether labelers and reliability see the maps of
            all C classes, in their order, instead of those that the batch
            shows: for parts that tell classes apart.
        dtype (str, optional): ``'bfloat16'`` or ``'float16'``: the network
            runs under autocast to it; what is made of its maps is float32.
            None: as the optimiser wrapper has it.

    Raises:
        ValueError: If ``reliability`` meets labelers without a single
            threshold, or ``dtype`` is unknown.
    """

    def __init__(
        self,
        multi_scale: dict,
        cam_labeler: dict,
        seg_labeler: dict,
        cam_labeler_aux: dict | None = None,
        reliability: dict | None = None,
        all_classes: bool = False,
        dtype: str | None = None,
    ) -> None:
        super().__init__()
        self.all_classes = all_classes
        if dtype not in (None, 'bfloat16', 'float16'):
            raise ValueError(
                "assigner.dtype must be 'bfloat16', 'float16' or None, got "
                f'{dtype!r}'
            )
        self.dtype = getattr(torch, dtype) if dtype else None
        self.multi_scale = MODELS.build(multi_scale)
        self.cam_labeler = MODELS.build(cam_labeler)
        self.cam_labeler_aux = MODELS.build(cam_labeler_aux or cam_labeler)
        self.seg_labeler = MODELS.build(seg_labeler)
        self.reliability = MODELS.build(reliability) if reliability else None
        if self.reliability is not None and not self.has_threshold:
            raise ValueError(
                'reliability is the distance from one threshold: set '
                'cam_labeler (and cam_labeler_aux) to a labeler that has '
                'one, such as ThresholdLabeler'
            )
        for name, args in _CALLS:
            check_call(name, getattr(self, name), args)

    @property
    def has_threshold(self) -> bool:
        """bool: Whether both labelers compare with a single threshold."""
        labelers = (self.cam_labeler, self.cam_labeler_aux)
        return all(hasattr(labeler, 'xi') for labeler in labelers)

    @property
    def num_images(self) -> int:
        """int: Images that dynamic thresholds want to see before their use."""
        return max(
            self.cam_labeler.num_images, self.cam_labeler_aux.num_images
        )

    @torch.no_grad()
    def forward(
        self,
        network: Callable[[Tensor], NetworkOutput],
        weak: Tensor,
        guide: Tensor,
        img_label: Tensor,
        valid_mask: Tensor,
        classes: Tensor | None = None,
    ) -> PseudoLabels:
        """Pseudo labels of a batch.

        Labelers and reliability see the maps of ``classes`` only, unless
        ``all_classes`` is set: what they cost does not grow with the number
        of classes of the data set.

        Args:
            network (Callable): From images to a :class:`NetworkOutput`.
            weak (Tensor): Normalised weak views, (N, 3, H, W).
            guide (Tensor): The same in RGB in [0, 1], for a refiner.
            img_label (Tensor): Multi-hot image-level labels, (N, C).
            valid_mask (Tensor): True where real pixels are, (N, H, W).
            classes (Tensor, optional): Foreground classes, 0-based, int64
                (P,), among them all that the images show; None: all C.

        Returns:
            PseudoLabels: At the size of the views, of these classes.
        """
        if classes is None or self.all_classes:
            classes = torch.arange(img_label.shape[1], device=weak.device)
        seen = self.look(lambda img: network(img).of_classes(classes), weak)
        img_label = img_label.index_select(1, classes)
        rest = (img_label, valid_mask, guide)
        cam_label = self.cam_labeler(seen.cam, *rest)
        cam_label_aux = self.cam_labeler_aux(seen.cam_aux, *rest)
        return PseudoLabels(
            classes=classes,
            cam=seen.cam,
            cam_label=to_class_ids(cam_label, classes),
            cam_label_aux=to_class_ids(cam_label_aux, classes),
            seg_prob=self.seg_labeler(seen.seg_logits, img_label),
            **self._reliabilities(seen, img_label, valid_mask),
        )

    def look(
        self, network: Callable[[Tensor], NetworkOutput], weak: Tensor
    ) -> NetworkOutput:
        """What a network says of images, merged over their views.

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

    def _reliabilities(
        self, seen: NetworkOutput, img_label: Tensor, valid_mask: Tensor
    ) -> dict[str, Tensor]:
        """How far to trust the CAM pseudo labels, (N, H, W) each."""
        if not self.has_threshold:
            return {}
        xi, xi_aux = self.cam_labeler.xi, self.cam_labeler_aux.xi
        cam_aux = restrict_cam(seen.cam_aux, img_label)
        # of the same lambdas as the weights, where there are any
        measure = getattr(self.reliability, 'perplexity', perplexity)
        out = dict(perplexity_aux=measure(cam_aux.amax(dim=1), xi_aux))
        if self.reliability is not None:
            cam = restrict_cam(seen.cam, img_label)
            out['weight'] = self.reliability(cam, xi, valid_mask)
            out['weight_aux'] = self.reliability(cam_aux, xi_aux, valid_mask)
        return out

    def watch(self, pseudo: PseudoLabels) -> dict[str, Tensor]:
        """Quantities to look at when a run goes wrong; logged, not trained.

        Args:
            pseudo (PseudoLabels): What :meth:`forward` gave.

        Returns:
            dict[str, Tensor]: Those of :func:`watch_pseudo_labels` and, where
            there are single thresholds, ``xi`` and ``xi_aux``; 0-d each.
        """
        out = watch_pseudo_labels(pseudo)
        if self.has_threshold:
            out['xi'] = self.cam_labeler.xi
            out['xi_aux'] = self.cam_labeler_aux.xi
        return out
