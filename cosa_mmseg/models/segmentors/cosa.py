"""CoSA: co-training with swapping assignments."""

import torch
from mmengine.logging import MessageHub
from mmengine.registry import MODELS
from mmseg.models.utils import resize
from torch import Tensor

from cosa_mmseg.structures import (
    NetworkOutput,
    PseudoLabels,
    stack_img_labels,
    stack_valid_mask,
    to_uint8,
)

from .dual_stream import DualStreamSegmentor


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
        multi_scale (dict): How the assignment network looks at the weak view,
            :class:`MultiScaleInference`.
        cam_labeler (dict): From its CAM to CAM pseudo labels, such as
            :class:`DualThresholdLabeler`.
        seg_labeler (dict): From its segmentation to segmentation pseudo
            labels, :class:`RestrictedSoftmax`.
        loss_c2s (dict): CAM to segmentation, :class:`C2SLoss`.
        loss_s2c (dict): Segmentation to CAM, :class:`S2CLoss`.
        loss_energy (dict, optional): Regulariser, :class:`DenseEnergyLoss`.
        cam_labeler_aux (dict, optional): Of the auxiliary CAM; None: as
            ``cam_labeler``.
        train_cfg (dict): ``warmup_iters``, the number of first iterations
            that train the classifiers only.
        test_cfg (dict): See :class:`DualStreamSegmentor`.
        data_preprocessor (dict): :class:`TwoViewDataPreprocessor`.
        init_cfg (dict, optional): Initialisation.

    Raises:
        ValueError: If ``warmup_iters`` is negative.
    """

    def __init__(
        self,
        *,
        network: dict,
        multi_scale: dict,
        cam_labeler: dict,
        seg_labeler: dict,
        loss_c2s: dict,
        loss_s2c: dict,
        loss_energy: dict | None = None,
        cam_labeler_aux: dict | None = None,
        train_cfg: dict,
        test_cfg: dict | None = None,
        data_preprocessor: dict | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(
            network, multi_scale, test_cfg, data_preprocessor, init_cfg
        )
        self.multi_scale = MODELS.build(multi_scale)
        self.cam_labeler = MODELS.build(cam_labeler)
        self.cam_labeler_aux = MODELS.build(cam_labeler_aux or cam_labeler)
        self.seg_labeler = MODELS.build(seg_labeler)
        self.loss_c2s = MODELS.build(loss_c2s)
        self.loss_s2c = MODELS.build(loss_s2c)
        self.loss_energy = MODELS.build(loss_energy) if loss_energy else None
        self.warmup_iters = train_cfg['warmup_iters']
        if self.warmup_iters < 0:
            raise ValueError(
                'train_cfg.warmup_iters must be at least 0, got '
                f'{self.warmup_iters}'
            )

    @property
    def in_warmup(self) -> bool:
        """bool: Whether the runner's iteration is one of the warm-up."""
        iteration = MessageHub.get_current_instance().get_info('iter', 0)
        return iteration < self.warmup_iters

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
        strong = inputs['strong']
        img_label = stack_img_labels(
            data_samples, self.num_fg_classes, strong.device
        )
        if self.in_warmup:
            return self.warmup_losses(strong, img_label)
        valid_mask = stack_valid_mask(
            data_samples, strong.shape[-2:], strong.device
        )
        pseudo = self.assign(inputs['weak'], img_label, valid_mask)
        seen = self.online.see(strong)
        return {
            **self.cls_losses(seen.cls_logits, seen.cls_logits_aux, img_label),
            **self.swap_losses(seen, pseudo, strong, valid_mask),
            **self.watch(pseudo),
        }

    def warmup_losses(self, img: Tensor, img_label: Tensor) -> dict:
        """Classification losses alone; nothing else is computed.

        The segmentation head gets exact zero gradients, not none: AdamW then
        treats it as the released code does, and every parameter takes part in
        each iteration, which distributed training needs.

        Args:
            img (Tensor): Strong views, (N, 3, H, W).
            img_label (Tensor): Multi-hot image-level labels, (N, C).

        Returns:
            dict[str, Tensor]: ``loss_cls`` and ``loss_cls_aux``, 0-d.
        """
        losses = self.cls_losses(*self.online.classify(img), img_label)
        unused = [
            parameter.sum()
            for parameter in self.online.decode_head.parameters()
            if parameter.requires_grad
        ]
        losses['loss_cls'] = losses['loss_cls'] + 0 * sum(unused)
        return losses

    @torch.no_grad()
    def assign(
        self, weak: Tensor, img_label: Tensor, valid_mask: Tensor
    ) -> PseudoLabels:
        """Pseudo labels of the assignment network.

        Args:
            weak (Tensor): Weak views, (N, 3, H, W).
            img_label (Tensor): Multi-hot image-level labels, (N, C).
            valid_mask (Tensor): True where real pixels are, (N, H, W).

        Returns:
            PseudoLabels: At the size of the views.
        """
        seen = self.multi_scale(self.assignment.see, weak)
        img = to_uint8(self.data_preprocessor.denormalize(weak)) / 255
        return PseudoLabels(
            cam=seen.cam,
            cam_label=self.cam_labeler(seen.cam, img_label, valid_mask, img),
            cam_label_aux=self.cam_labeler_aux(
                seen.cam_aux, img_label, valid_mask, img
            ),
            seg_prob=self.seg_labeler(seen.seg_logits, img_label),
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
        valid_mask: Tensor,
    ) -> dict:
        """Each stream's labels supervise the other stream.

        Args:
            seen (NetworkOutput): Of the online network.
            pseudo (PseudoLabels): Of the assignment network.
            strong (Tensor): Strong views, (N, 3, H, W).
            valid_mask (Tensor): True where real pixels are, (N, H, W).

        Returns:
            dict[str, Tensor]: ``loss_c2s``, ``loss_s2c`` and, if set,
            ``loss_energy``, 0-d.
        """
        seg_logits = resize(
            seen.seg_logits,
            size=strong.shape[-2:],
            mode='bilinear',
            align_corners=False,
        )
        losses = dict(
            loss_c2s=self.loss_c2s(
                seg_logits, pseudo.cam_label, pseudo.cam_label_aux
            ),
            loss_s2c=self.loss_s2c(seen.cam, pseudo.seg_prob, seen.cam_aux),
        )
        if self.loss_energy is not None:
            img = self.data_preprocessor.denormalize(strong)
            losses['loss_energy'] = self.loss_energy(
                seg_logits, img, pseudo.cam_label, valid_mask
            )
        return losses

    @staticmethod
    def watch(pseudo: PseudoLabels) -> dict:
        """Quantities to look at when a run goes wrong; logged, not trained.

        Args:
            pseudo (PseudoLabels): Of the assignment network.

        Returns:
            dict[str, Tensor]: Shares of foreground, background and ignored
            pixels in the main CPL, 0-d, in [0, 1].
        """
        label = pseudo.cam_label
        background = (label == 0).float().mean()
        ignored = (label == 255).float().mean()
        return dict(
            cpl_foreground=1 - background - ignored,
            cpl_background=background,
            cpl_ignored=ignored,
        )
