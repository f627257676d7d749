"""Two networks of one architecture, one of which predicts."""

import copy

import torch
from mmengine.registry import MODELS
from mmengine.structures import LabelData, PixelData
from mmseg.models.segmentors.base import BaseSegmentor
from mmseg.models.utils import resize
from torch import Tensor

from cosa_mmseg.structures import NetworkOutput


class DualStreamSegmentor(BaseSegmentor):
    """An online network and its assignment network, and how they predict.

    Both start from the same configuration.  The assignment network gets no
    gradient and stays in evaluation mode; :class:`AssignmentEMAHook` is its
    only writer.  How the two train each other is the subclass's ``loss``.

    Args:
        network (dict): Config of both, :class:`CAMEncoderDecoder`.
        multi_scale (dict): Config of :class:`MultiScaleInference`; prediction
            takes its views from ``test_cfg`` instead.
        test_cfg (dict, optional): ``network``: which one predicts,
            ``'assignment'`` (default) or ``'online'``; ``scales`` and
            ``mirror``: views that are summed (default: the image alone);
            ``with_cam``: whether predictions carry CAMs (default False).
        data_preprocessor (dict, optional): Preprocessor.
        init_cfg (dict, optional): Initialisation.

    Raises:
        ValueError: If ``test_cfg`` has an unknown key or names no network.
    """

    def __init__(
        self,
        network: dict,
        multi_scale: dict,
        test_cfg: dict | None = None,
        data_preprocessor: dict | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(data_preprocessor, init_cfg)
        self.online = MODELS.build(network)
        self.assignment = copy.deepcopy(self.online).requires_grad_(False)
        test_cfg = dict(test_cfg or {})
        self.predictor_name = test_cfg.pop('network', 'assignment')
        if self.predictor_name not in ('assignment', 'online'):
            raise ValueError(
                "test_cfg.network must be 'assignment' or 'online', got "
                f'{self.predictor_name!r}'
            )
        self.with_cam = test_cfg.pop('with_cam', False)
        views = dict(
            scales=test_cfg.pop('scales', (1.0,)),
            mirror=test_cfg.pop('mirror', False),
        )
        if test_cfg:
            raise ValueError(
                f'unknown keys of test_cfg: {sorted(test_cfg)}; known: '
                'network, with_cam, scales, mirror'
            )
        self.test_views = MODELS.build({**multi_scale, **views})

    @property
    def predictor(self):
        """CAMEncoderDecoder: The network that predicts."""
        return getattr(self, self.predictor_name)

    @property
    def align_corners(self) -> bool:
        """bool: How predictions are resized."""
        return self.predictor.align_corners

    @property
    def num_classes(self) -> int:
        """int: K = C + 1, with the background."""
        return self.predictor.num_classes

    @property
    def out_channels(self) -> int:
        """int: Channels of the segmentation logits."""
        return self.predictor.out_channels

    @property
    def num_fg_classes(self) -> int:
        """int: C, without the background."""
        return self.num_classes - 1

    def train(self, mode: bool = True) -> 'DualStreamSegmentor':
        """Set the mode; the assignment network stays in evaluation mode."""
        super().train(mode)
        self.assignment.eval()
        return self

    def extract_feat(self, inputs: Tensor) -> tuple[Tensor, ...]:
        """Features of the predicting network's backbone."""
        return self.predictor.extract_feat(inputs)

    def encode_decode(
        self, inputs: Tensor, batch_img_metas: list | None = None
    ) -> Tensor:
        """Segmentation logits at the inputs' size.

        Args:
            inputs (Tensor): Normalised images, (N, 3, H, W).
            batch_img_metas (list[dict], optional): Not used.

        Returns:
            Tensor: Summed over the views of ``test_cfg``, (N, K, H, W).
        """
        return self.test_views(self.predictor.see, inputs).seg_logits

    def predict(
        self, inputs: Tensor, data_samples: list | None = None
    ) -> list:
        """Predict a batch.

        Args:
            inputs (Tensor): Normalised images, (N, 3, H, W).
            data_samples (list[SegDataSample], optional): With ``ori_shape``.

        Returns:
            list[SegDataSample]: With ``seg_logits`` (K, H, W) and
            ``pred_sem_seg`` (1, H, W) at the original size; with
            ``with_cam`` also ``pred_cam`` and ``pred_cam_aux`` (C, H, W),
            in [0, 1] and not filtered by any label, and ``pred_label``, whose
            ``score`` (C,) are class probabilities.
        """
        seen = self.test_views(self.predictor.see, inputs)
        results = self.postprocess_result(seen.seg_logits, data_samples)
        if self.with_cam:
            self._add_cams(results, seen)
        return results

    def _add_cams(self, results: list, seen: NetworkOutput) -> None:
        """Put CAMs and class probabilities on the predictions."""
        scores = (seen.cls_logits / self.test_views.num_views).sigmoid()
        for i, sample in enumerate(results):
            size = sample.seg_logits.shape
            cams = resize(
                torch.cat([seen.cam[i], seen.cam_aux[i]])[None],
                size=size,
                mode='bilinear',
                align_corners=False,
            )[0]
            cam, cam_aux = cams.chunk(2)  # (C, H, W) each
            sample.set_data(
                dict(
                    pred_cam=PixelData(data=cam),
                    pred_cam_aux=PixelData(data=cam_aux),
                    pred_label=LabelData(score=scores[i]),
                )
            )

    def _forward(
        self, inputs: Tensor, data_samples: list | None = None
    ) -> Tensor:
        """Raw segmentation logits of the predicting network, (N, K, h, w)."""
        return self.predictor._forward(inputs, data_samples)
