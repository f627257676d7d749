"""CoSA: co-training with swapping assignments."""

from dataclasses import replace
from typing import Any

from mmengine.dist import get_world_size
from mmengine.registry import MODELS
from torch import Tensor, nn

from cosa_mmseg.structures import CoSABatch, NetworkOutput, PseudoLabels

from ..ops.checks import check_call
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
        assigner (dict): How pseudo labels are made, :class:`Assigner`.
        loss_c2s (dict): CAM to segmentation, :class:`C2SLoss`.
        train_cfg (dict): ``warmup_iters``, the number of first iterations
            that have the classification losses only, or their share of the
            training, a float in (0, 1].
        test_cfg (dict): See :class:`DualStreamSegmentor`.
        data_preprocessor (dict): :class:`TwoViewDataPreprocessor`.
        init_cfg (dict, optional): Initialisation.
        **losses (dict, optional): Further losses, by names that begin with
            ``loss_``: modules that are called as ``loss(output, pseudo,
            batch)``, such as :class:`S2CLoss` (segmentation to CAM),
            :class:`DenseEnergyLoss` (regulariser) and
            :class:`ContrastiveSeparationLoss` (separation of foreground and
            background in the CAM).

    Attributes:
        iteration (int): Number of the current iteration, from 0, as
            :class:`AssignmentEMAHook` hands it in; it decides on the warm-up.
        max_iters (int): Number of iterations of the training, handed in
            likewise.

    Raises:
        ValueError: If ``train_cfg`` has other settings or settings out of
            range, a loss has another name or call, or one that needs a single
            threshold meets labelers without.
    """

    def __init__(
        self,
        *,
        network: dict,
        assigner: dict,
        loss_c2s: dict,
        train_cfg: dict,
        test_cfg: dict | None = None,
        data_preprocessor: dict | None = None,
        init_cfg: dict | None = None,
        **losses: dict | None,
    ) -> None:
        super().__init__(
            network,
            assigner['multi_scale'],
            test_cfg,
            data_preprocessor,
            init_cfg,
        )
        self.assigner = MODELS.build(assigner)
        self.warmup_iters = _read_train_cfg(**train_cfg)
        self.iteration = self.max_iters = 0
        for name in losses:
            if not name.startswith('loss_') or name.startswith('loss_cls'):
                raise TypeError(
                    f'CoSA got an unexpected keyword argument {name!r}: names '
                    'of losses begin with loss_, and not with loss_cls'
                )
        self.losses = nn.ModuleDict(
            {
                name: MODELS.build(loss)
                for name, loss in dict(loss_c2s=loss_c2s, **losses).items()
                if loss is not None
            }
        )
        for name, loss in self.losses.items():
            self._check_loss(name, loss)

    def _check_loss(self, name: str, loss: nn.Module) -> None:
        """Raise unless a loss can be called, which is hours later."""
        check_call(name, loss, ['output', 'pseudo', 'batch'])
        needs_threshold = getattr(loss, 'needs_threshold', False)
        if needs_threshold and self.assigner.thresholds is None:
            raise ValueError(
                f'{name} selects pixels by their distance from one '
                'threshold: set assigner.cam_labeler (and cam_labeler_aux) to '
                'a labeler that has one, such as ThresholdLabeler'
            )

    @property
    def remaining_warmup_iters(self) -> int:
        """int: Iterations of the warm-up from the current one on."""
        num_iters = self.warmup_iters
        if isinstance(num_iters, float):
            num_iters = round(num_iters * self.max_iters)
        return max(num_iters - self.iteration, 0)

    def loss(self, inputs: dict, data_samples: list) -> dict:
        """Compute the losses of a batch.

        Args:
            inputs (dict): Normalised views ``weak`` and ``strong``, each
                (N, 3, H, W).
            data_samples (list[SegDataSample]): With ``gt_label`` and
                ``valid_box``.

        Returns:
            dict[str, Tensor]: Losses, 0-d, and statistics for the log.
        """
        batch = CoSABatch.of(
            inputs,
            data_samples,
            self.num_fg_classes,
            self.data_preprocessor.denormalize,
        )
        if self.remaining_warmup_iters:
            if self.is_threshold_warmup(len(batch.strong)):
                self.assign(batch)  # its thresholds take in the batch
            return self.warmup_losses(batch)
        pseudo = self.assign(batch)
        output = self.online.forward_heads(batch.strong)
        return {
            **self.classification_losses(
                output.cls_logits, output.cls_logits_aux, batch.img_label
            ),
            **self.cotraining_losses(output, pseudo, batch),
            **self.statistics(pseudo),
        }

    def is_threshold_warmup(self, num_images: int) -> bool:
        """Return True if dynamic thresholds take in this batch of the warm-up.

        They are fed over its last images, as many as they keep; where a step
        accumulates batches, as many from each of them.

        Args:
            num_images (int): Images of the batch on this process.

        Returns:
            bool: True for the last batches of the warm-up.
        """
        later_iters = self.remaining_warmup_iters - 1
        later_images = later_iters * num_images * get_world_size()
        return later_images < self.assigner.num_images

    def warmup_losses(self, batch: CoSABatch) -> dict:
        """Compute the classification losses alone.

        What is not trained gets exact zero gradients, not none: AdamW then
        treats them as the released code does, and every parameter takes part
        in each iteration, which distributed training needs.

        Args:
            batch (CoSABatch): The batch.

        Returns:
            dict[str, Tensor]: ``loss_cls`` and ``loss_cls_aux``, 0-d.
        """
        logits = self.online.classify(batch.strong)
        losses = self.classification_losses(
            logits[0], logits[1], batch.img_label
        )
        parts = [self.online.decode_head, *self.online.auxiliary_heads]
        unused = [
            parameter.sum()
            for part in parts
            for parameter in part.parameters()
            if parameter.requires_grad
        ]
        losses['loss_cls'] = losses['loss_cls'] + 0 * sum(unused)
        return losses

    def assign(self, batch: CoSABatch) -> PseudoLabels:
        """Make pseudo labels by the assignment network, without gradient.

        Args:
            batch (CoSABatch): The batch.

        Returns:
            PseudoLabels: At the size of the views; masks that there are to
            train with take the place of those of their images.
        """
        pseudo = self.assigner(self.assignment.forward_heads, batch)
        if batch.masks is None or batch.has_mask is None:
            return pseudo
        return pseudo.with_masks(batch.masks, batch.has_mask)

    def classification_losses(
        self, cls_logits: Tensor, cls_logits_aux: Tensor, img_label: Tensor
    ) -> dict:
        """Compare both CAM heads with the image-level labels.

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

    def cotraining_losses(
        self, output: NetworkOutput, pseudo: PseudoLabels, batch: CoSABatch
    ) -> dict:
        """Let each stream's labels supervise the other stream.

        Args:
            output (NetworkOutput): Of the online network.
            pseudo (PseudoLabels): Of the assignment network.
            batch (CoSABatch): The batch.

        Returns:
            dict[str, Tensor]: Each of the ``losses``, and
            ``loss_c2s_aux_<i>`` of mmseg's auxiliary heads, 0-d.
        """
        losses = {
            name: loss(output, pseudo, batch)
            for name, loss in self.losses.items()
        }
        weights = self.online.auxiliary_weights
        for i, seg_logits in enumerate(output.seg_logits_aux):
            output_i = replace(output, seg_logits=seg_logits)
            loss = self.losses['loss_c2s'](output_i, pseudo, batch)
            losses[f'loss_c2s_aux_{i}'] = weights[i] * loss
        return losses

    def statistics(self, pseudo: PseudoLabels) -> dict:
        """Summarise pseudo labels for the log.

        Args:
            pseudo (PseudoLabels): Of the assignment network.

        Returns:
            dict[str, Tensor]: Those of :meth:`Assigner.statistics` and of
            losses that have some, 0-d each.
        """
        out = self.assigner.statistics(pseudo)
        for loss in self.losses.values():
            statistics = getattr(loss, 'statistics', None)
            out.update(statistics(pseudo) if statistics else {})
        return out


def _read_train_cfg(warmup_iters: Any = None, **others: Any) -> int | float:
    """Return ``warmup_iters``.

    Raises:
        ValueError: If it is neither a whole number of at least 0 nor a share,
            or there is another setting.
    """
    if others:
        raise ValueError(
            f'train_cfg.{min(others)} is not known: train_cfg has '
            'warmup_iters only'
        )
    is_share = isinstance(warmup_iters, float) and 0 < warmup_iters <= 1
    is_count = type(warmup_iters) is int and warmup_iters >= 0
    if not is_share and not is_count:
        raise ValueError(
            'train_cfg.warmup_iters must be a whole number of at least 0, or '
            'a share of the training such as 0.3, got '
            f'{warmup_iters!r}'
        )
    return warmup_iters
