"""CoSA: co-training with swapping assignments."""

from functools import partial
from typing import Any

import torch
from mmengine.dist import get_world_size
from mmengine.registry import MODELS
from torch import Tensor

from cosa_mmseg.models.ops.calls import check_call
from cosa_mmseg.structures import (
    NetworkOutput,
    PseudoLabels,
    shown_classes,
    stack_img_labels,
    stack_valid_mask,
    to_uint8,
)

from .dual_stream import DualStreamSegmentor

# How `CoSA.swap_losses` and `CoSA.watch` call the losses: by place, by keyword
_CALLS: tuple[tuple[Any, ...], ...] = (
    (
        'loss_c2s',
        ['seg_logits'],
        ['label', 'label_aux', 'weight', 'weight_aux'],
    ),
    ('loss_s2c', ['cam', 'seg_prob', 'cam_aux', 'classes']),
    ('loss_energy', ['seg_logits', 'img', 'label', 'valid_mask']),
    ('loss_csc', ['cam', 'label', 'perplexity', 'img_label']),
    ('loss_csc', ['label', 'perplexity'], [], 'share'),
)


@MODELS.register_module()
class CoSA(DualStreamSegmentor):
    r"""Co-training with swapping assignments (Yang et al., ECCV 2024).

    The online network (trained, sees the strong view) and the assignment
    network (its EMA, sees the weak view) teach each other: the assignment
    network's CAM becomes the pseudo labels of the online segmentation, its
    segmentation those of the online CAM.  This class orders the calls; the
    maths is in the modules that it is given, the assignment network's update
    in :class:`AssignmentEMAHook`.

    Args:
        network (dict): Config of both networks, :class:`CAMEncoderDecoder`.
        assigner (dict): How pseudo labels are made, :class:`Assigner`.
        loss_c2s (dict): CAM to segmentation, :class:`C2SLoss`.
        loss_s2c (dict): Segmentation to CAM, :class:`S2CLoss`.
        loss_energy (dict, optional): Regulariser, :class:`DenseEnergyLoss`.
        loss_csc (dict, optional): Separation of foreground and background in
            the CAM, :class:`ContrastiveSeparationLoss`.
        train_cfg (dict): ``warmup_iters``, the number of first iterations
            that have the classification losses only; ``freeze_backbone``
            (default False): they train the classifiers only (ours).
        test_cfg (dict): See :class:`DualStreamSegmentor`.
        data_preprocessor (dict): :class:`TwoViewDataPreprocessor`.
        init_cfg (dict, optional): Initialisation.

    Attributes:
        iteration (int): Number of the current iteration, from 0, as
            :class:`AssignmentEMAHook` hands it in; it decides on the warm-up.

    Raises:
        ValueError: If ``train_cfg`` has other settings or settings out of
            range, or ``loss_csc`` meets labelers without a single threshold.
    """

    def __init__(
        self,
        *,
        network: dict,
        assigner: dict,
        loss_c2s: dict,
        loss_s2c: dict,
        loss_energy: dict | None = None,
        loss_csc: dict | None = None,
        train_cfg: dict,
        test_cfg: dict | None = None,
        data_preprocessor: dict | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(
            network,
            assigner['multi_scale'],
            test_cfg,
            data_preprocessor,
            init_cfg,
        )
        self.assigner = MODELS.build(assigner)
        self.loss_c2s = MODELS.build(loss_c2s)
        self.loss_s2c = MODELS.build(loss_s2c)
        self.loss_energy = MODELS.build(loss_energy) if loss_energy else None
        self.loss_csc = MODELS.build(loss_csc) if loss_csc else None
        for name, *call in _CALLS:
            check_call(name, getattr(self, name), *call)
        self.warmup_iters, self.freeze_backbone = _read_train_cfg(**train_cfg)
        self.iteration = 0
        if self.loss_csc is not None and not self.assigner.has_threshold:
            raise ValueError(
                'loss_csc selects pixels by their distance from one '
                'threshold: set assigner.cam_labeler (and cam_labeler_aux) to '
                'a labeler that has one, such as ThresholdLabeler'
            )

    @property
    def warmup_left(self) -> int:
        """int: Iterations of the warm-up from the current one on."""
        return max(self.warmup_iters - self.iteration, 0)

    def loss(self, inputs: dict, data_samples: list) -> dict:
        """Losses of a batch.

        Args:
            inputs (dict): Normalised views ``weak`` and ``strong``, each
                (N, 3, H, W).
            data_samples (list[SegDataSample]): With ``gt_label`` and
                ``valid_box``.

        Returns:
            dict[str, Tensor]: Losses, 0-d, and quantities to watch.
        """
        weak, strong = inputs['weak'], inputs['strong']
        img_label = stack_img_labels(
            data_samples, self.num_fg_classes, strong.device
        )
        valid_mask = stack_valid_mask(
            data_samples, strong.shape[-2:], strong.device
        )
        classes = shown_classes(data_samples, strong.device)
        if self.warmup_left:
            if self.feeds_thresholds(len(strong)):
                self.assign(weak, img_label, valid_mask, classes)
            return self.warmup_losses(strong, img_label)
        pseudo = self.assign(weak, img_label, valid_mask, classes)
        seen = self.online.see(strong)
        return {
            **self.cls_losses(seen.cls_logits, seen.cls_logits_aux, img_label),
            **self.swap_losses(seen, pseudo, strong, img_label, valid_mask),
            **self.watch(pseudo),
        }

    def feeds_thresholds(self, num_images: int) -> bool:
        """Whether dynamic thresholds see this batch of the warm-up.

        They are fed over its last images, as many as they keep; where a step
        accumulates batches, as many from each of them.

        Args:
            num_images (int): Images of the batch on this process.

        Returns:
            bool: True for the last batches of the warm-up.
        """
        at_once = num_images * get_world_size()
        return (self.warmup_left - 1) * at_once < self.assigner.num_images

    def warmup_losses(self, img: Tensor, img_label: Tensor) -> dict:
        """Classification losses alone; nothing else is computed.

        What is not trained gets exact zero gradients, not none: AdamW then
        treats them as the released code does, and every parameter takes part
        in each iteration, which distributed training needs.

        Args:
            img (Tensor): Strong views, (N, 3, H, W).
            img_label (Tensor): Multi-hot image-level labels, (N, C).

        Returns:
            dict[str, Tensor]: ``loss_cls`` and ``loss_cls_aux``, 0-d.
        """
        logits = self.online.classify(img, self.freeze_backbone)
        losses = self.cls_losses(logits[0], logits[1], img_label)
        parts = [self.online.decode_head, *self.online.auxiliary_heads]
        if self.freeze_backbone:
            parts.append(self.online.backbone)
        unused = [
            parameter.sum()
            for part in parts
            for parameter in part.parameters()
            if parameter.requires_grad
        ]
        losses['loss_cls'] = losses['loss_cls'] + 0 * sum(unused)
        return losses

    @torch.no_grad()
    def assign(
        self,
        weak: Tensor,
        img_label: Tensor,
        valid_mask: Tensor,
        classes: Tensor | None = None,
    ) -> PseudoLabels:
        """Pseudo labels of the assignment network.

        Args:
            weak (Tensor): Weak views, (N, 3, H, W).
            img_label (Tensor): Multi-hot image-level labels, (N, C).
            valid_mask (Tensor): True where real pixels are, (N, H, W).
            classes (Tensor, optional): Classes that the batch shows, 0-based,
                int64 (P,); None: all.

        Returns:
            PseudoLabels: At the size of the views.
        """
        guide = to_uint8(self.data_preprocessor.denormalize(weak)) / 255
        return self.assigner(
            self.assignment.see, weak, guide, img_label, valid_mask, classes
        )

    def cls_losses(
        self, cls_logits: Tensor, cls_logits_aux: Tensor, img_label: Tensor
    ) -> dict:
        """Image-level supervision of both CAM heads.

        Args:
            cls_logits (Tensor): Main logits, (N, C).
            cls_logits_aux (Tensor): Auxiliary logits, (N, C).
            img_label (Tensor): Multi-hot image-level labels, (N, C).

        Returns:
            dict[str, Tensor]: ``loss_cls`` and ``loss_cls_aux``, 0-d.
        """
        main, aux = self.online.cam_head, self.online.cam_head_aux
        return dict(
            loss_cls=main.loss_by_label(cls_logits, img_label),
            loss_cls_aux=aux.loss_by_label(cls_logits_aux, img_label),
        )

    def swap_losses(
        self,
        seen: NetworkOutput,
        pseudo: PseudoLabels,
        strong: Tensor,
        img_label: Tensor,
        valid_mask: Tensor,
    ) -> dict:
        """Each stream's labels supervise the other stream.

        Args:
            seen (NetworkOutput): Of the online network.
            pseudo (PseudoLabels): Of the assignment network.
            strong (Tensor): Strong views, (N, 3, H, W).
            img_label (Tensor): Multi-hot image-level labels, (N, C).
            valid_mask (Tensor): True where real pixels are, (N, H, W).

        Returns:
            dict[str, Tensor]: ``loss_c2s``, ``loss_s2c`` and, if set,
            ``loss_energy``, ``loss_csc`` and ``loss_c2s_aux_<i>`` of mmseg's
            auxiliary heads, 0-d.
        """
        cam_to_seg = partial(
            self.loss_c2s,
            label=pseudo.cam_label,
            label_aux=pseudo.cam_label_aux,
            weight=pseudo.weight,
            weight_aux=pseudo.weight_aux,
        )
        losses = dict(
            loss_c2s=cam_to_seg(seen.seg_logits),
            loss_s2c=self.loss_s2c(
                seen.cam, pseudo.seg_prob, seen.cam_aux, pseudo.classes
            ),
        )
        weights = self.online.auxiliary_weights
        for i, logits in enumerate(seen.seg_logits_aux):
            losses[f'loss_c2s_aux_{i}'] = weights[i] * cam_to_seg(logits)
        if self.loss_energy is not None:
            img = self.data_preprocessor.denormalize(strong)
            losses['loss_energy'] = self.loss_energy(
                seen.seg_logits, img, pseudo.cam_label, valid_mask
            )
        if self.loss_csc is not None:
            losses['loss_csc'] = self.loss_csc(
                seen.cam.index_select(1, pseudo.classes),
                pseudo.cam_label_aux,
                pseudo.perplexity_aux,
                img_label.index_select(1, pseudo.classes),
            )
        return losses

    def watch(self, pseudo: PseudoLabels) -> dict:
        """Quantities to look at when a run goes wrong; logged, not trained.

        Args:
            pseudo (PseudoLabels): Of the assignment network.

        Returns:
            dict[str, Tensor]: Those of :meth:`Assigner.watch` and, with
            ``loss_csc``, ``csc_share``, the share of the pixels that it pairs;
            0-d each.
        """
        out = self.assigner.watch(pseudo)
        if self.loss_csc is not None:
            out['csc_share'] = self.loss_csc.share(
                pseudo.cam_label_aux, pseudo.perplexity_aux
            )
        return out


def _read_train_cfg(
    warmup_iters: Any = None, freeze_backbone: Any = False, **others: Any
) -> tuple[int, bool]:
    """Check the settings of ``train_cfg``.

    Raises:
        ValueError: If one is not known, ``warmup_iters`` is no whole number
            of at least 0, or ``freeze_backbone`` no bool.
    """
    if others:
        raise ValueError(
            f'train_cfg.{min(others)} is not known: train_cfg has '
            'warmup_iters and freeze_backbone'
        )
    if not isinstance(warmup_iters, int) or warmup_iters < 0:
        raise ValueError(
            'train_cfg.warmup_iters must be a whole number of at least 0, got '
            f'{warmup_iters!r}'
        )
    if not isinstance(freeze_backbone, bool):
        raise ValueError(
            'train_cfg.freeze_backbone must be True or False, got '
            f'{freeze_backbone!r}'
        )
    return warmup_iters, freeze_backbone
