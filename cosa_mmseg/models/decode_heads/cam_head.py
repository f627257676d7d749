"""Classification head whose weights are its class activation maps."""

from collections.abc import Sequence

import torch
from mmengine.registry import MODELS
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from torch import Tensor, nn

from cosa_mmseg.structures import stack_img_labels

from ..ops.cam import normalize_cam
from ..ops.checks import check_choice, check_range, check_shape


@MODELS.register_module()
class CAMHead(BaseDecodeHead):
    r"""Bias-free 1x1 classifier: class activation maps and image labels.

    ``M = W * F`` are the maps; the classification logits are ``W`` applied to
    the globally pooled ``F`` (with max pooling this is not ``max(M)``).
    Source: paper and released code.

    It is a decode head as any other: in a plain mmseg ``EncoderDecoder`` it
    learns from image-level labels and predicts the background where no map of
    a predicted class exceeds ``bg_score``.

    Args:
        in_channels (int): Channels D of the feature.
        num_classes (int): K = C + 1, the background included, as in the
            segmentation head beside it.
        pooling (str): ``'max'`` (paper) or ``'avg'``, global pooling of ``F``.
        bg_score (float): Background threshold of :meth:`predict`, in (0, 1).
        loss_decode (dict): Multi-label classification loss on (logits,
            multi-hot labels), both (N, C).
        **kwargs: ``in_index``, ``init_cfg`` of ``BaseDecodeHead``.

    Raises:
        ValueError: If ``num_classes`` < 2, the pooling is unknown or
            ``bg_score`` is outside (0, 1).
    """

    def __init__(
        self,
        in_channels: int,
        *,
        num_classes: int,
        pooling: str = 'max',
        bg_score: float = 0.5,
        loss_decode: dict | None = None,
        **kwargs,
    ) -> None:
        if num_classes < 2:
            raise ValueError(
                'num_classes counts the background and must be at least 2, '
                f'got {num_classes}'
            )
        check_choice(('max', 'avg'), pooling=pooling)
        check_range('(0, 1)', bg_score=bg_score)
        super().__init__(
            in_channels,
            in_channels,
            num_classes=num_classes,
            out_channels=num_classes,
            dropout_ratio=0,
            loss_decode=loss_decode
            or dict(type='mmpretrain.CrossEntropyLoss', use_sigmoid=True),
            **kwargs,
        )
        self.num_fg_classes = num_classes - 1
        self.pooling = pooling
        self.bg_score = bg_score
        self.conv_seg = nn.Conv2d(
            in_channels, self.num_fg_classes, kernel_size=1, bias=False
        )

    def forward(self, inputs: Sequence[Tensor]) -> Tensor:
        """Raw class activation maps.

        Args:
            inputs (Sequence[Tensor]): Features of the backbone.

        Returns:
            Tensor: ``M``, (N, C, h, w).
        """
        return self.conv_seg(self._transform_inputs(inputs))

    def classify(self, inputs: Sequence[Tensor]) -> Tensor:
        """Classification logits.

        Args:
            inputs (Sequence[Tensor]): Features of the backbone.

        Returns:
            Tensor: (N, C).
        """
        feat = self._transform_inputs(inputs)
        if self.pooling == 'max':
            pooled = feat.amax((-2, -1), keepdim=True)
        else:
            pooled = feat.mean((-2, -1), keepdim=True)
        return self.conv_seg(pooled).flatten(1)

    def loss_by_label(self, cls_logits: Tensor, img_label: Tensor) -> Tensor:
        """Classification loss.

        Args:
            cls_logits (Tensor): (N, C).
            img_label (Tensor): Multi-hot image-level labels, (N, C).

        Returns:
            Tensor: 0-d.

        Raises:
            ValueError: If the shapes differ.
        """
        check_shape(cls_logits.shape, img_label=img_label)
        return self.loss_decode(cls_logits, img_label)

    def loss(
        self, inputs: Sequence[Tensor], batch_data_samples: list, train_cfg
    ) -> dict:
        """Loss of a plain ``EncoderDecoder``: image-level labels only.

        Args:
            inputs (Sequence[Tensor]): Features of the backbone.
            batch_data_samples (list[SegDataSample]): With ``gt_label``.
            train_cfg (dict): Not used.

        Returns:
            dict: ``loss_cls``, 0-d.
        """
        cls_logits = self.classify(inputs)
        img_label = stack_img_labels(
            batch_data_samples, self.num_fg_classes, cls_logits.device
        )
        return dict(loss_cls=self.loss_by_label(cls_logits, img_label))

    def predict(
        self, inputs: Sequence[Tensor], batch_img_metas: list, test_cfg
    ) -> Tensor:
        """Scores of background and predicted classes, for an argmax.

        Args:
            inputs (Sequence[Tensor]): Features of the backbone.
            batch_img_metas (list[dict]): Metas with ``img_shape``.
            test_cfg (dict): Not used.

        Returns:
            Tensor: (N, K, H, W): ``bg_score``, then normalised maps of the
            classes whose probability exceeds .5, 0 for the others.
        """
        cam = self.predict_by_feat(
            self.forward(inputs).relu(), batch_img_metas
        )
        present = self.classify(inputs) > 0  # sigmoid(x) > .5
        cam = normalize_cam(cam) * present[:, :, None, None]
        background = torch.full_like(cam[:, :1], self.bg_score)
        return torch.cat([background, cam], dim=1)
