"""Two networks of one architecture, one of which predicts."""

import copy
from typing import Any

from mmengine.registry import MODELS
from mmengine.structures import LabelData, PixelData
from mmseg.models.segmentors.base import BaseSegmentor
from mmseg.structures import SegDataSample
from torch import Tensor

from cosa_mmseg.structures import NetworkOutput, ResizedMaps
from cosa_mmseg.utils.checkpoint_loaders import safe_loaders

from ..ops.best_channel import best_channel
from ..post_process.refine import refine_segmentation
from .cam_drop import add_cam_drop
from .cam_encoder_decoder import CAMEncoderDecoder
from .prediction_settings import PredictionSettings
from .sliding_window import slide

ONLINE = 'online_'


class DualStreamSegmentor(BaseSegmentor):
    """An online network and its assignment network, and how they predict.

    Both start from the same configuration.  The assignment network gets no
    gradient and stays in evaluation mode; :class:`AssignmentEMAHook` is its
    only writer.  How the two train each other is the subclass's ``loss``.

    Args:
        network (dict): Config of both, :class:`CAMEncoderDecoder`.
        multi_scale (dict): Config of :class:`MultiScaleInference`; prediction
            takes its views from ``test_cfg`` instead.
        test_cfg (dict, optional): How predictions are made, see
            :class:`PredictionSettings`. By default the assignment network
            sees the image as it is, and there are no CAMs.
        data_preprocessor (dict, optional): Preprocessor.
        init_cfg (dict, optional): Initialisation.

    Raises:
        ValueError: If ``test_cfg`` has an unknown key or value.
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
        settings = PredictionSettings.from_cfg(test_cfg)
        self.settings = settings
        self.test_views = MODELS.build(
            dict(
                multi_scale,
                scales=settings.scales,
                mirror=settings.mirror,
                size_divisor=settings.size_divisor,
            )
        )
        refine = settings.post_process
        self.post_process = MODELS.build(refine) if refine else None

    @safe_loaders()
    def init_weights(self) -> None:
        """Initialise both networks; no code in pretrained weights is run."""
        super().init_weights()

    @property
    def predictor(self) -> CAMEncoderDecoder:
        """CAMEncoderDecoder: The network of the plain predictions."""
        online = self.settings.network == 'online'
        return self.online if online else self.assignment

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
        return self.predict_views(self.predictor, inputs).seg_logits

    def predict_views(
        self, network: CAMEncoderDecoder, inputs: Tensor
    ) -> NetworkOutput:
        """Run a network and merge its outputs over views and windows.

        Args:
            network (CAMEncoderDecoder): The online or assignment network.
            inputs (Tensor): Normalised images, (N, 3, H, W).

        Returns:
            NetworkOutput: As of :class:`MultiScaleInference`, at (H, W).
        """
        crop_size, stride = self.settings.crop_size, self.settings.stride
        if crop_size is None or stride is None:
            return self.test_views(network.forward_heads, inputs)
        return self.test_views(
            lambda img: slide(network.forward_heads, img, crop_size, stride),
            inputs,
        )

    def predict(
        self, inputs: Tensor, data_samples: list | None = None
    ) -> list:
        """Predict a batch.

        Args:
            inputs (Tensor): Normalised images, (N, 3, H, W).
            data_samples (list[SegDataSample], optional): With ``ori_shape``;
                with ``img_path`` where ``test_cfg`` has a ``post_process``.

        Returns:
            list[SegDataSample]: With ``seg_logits`` (K, H, W) and
            ``pred_sem_seg`` (1, H, W) at the original size; with
            ``with_cam`` also ``pred_cam`` and ``pred_cam_aux`` (C, H, W),
            :class:`ResizedMaps` in [0, 1] that are not filtered by any label,
            and ``pred_label``, whose ``score`` (C,) are class probabilities.
            If both networks predict, the online network's have the prefix
            ``online_``.
        """
        results = self._predict_by(self.predictor, inputs, data_samples)
        if self.settings.network == 'both':
            online = self._predict_by(
                self.online, inputs, _without_predictions(data_samples)
            )
            for result, other in zip(results, online, strict=True):
                result.set_data(
                    {
                        f'{ONLINE}{name}': field
                        for name, field in other.items()
                        if name != 'gt_label'
                    }
                )
        return results

    def _predict_by(
        self,
        network: CAMEncoderDecoder,
        inputs: Tensor,
        data_samples: list | None,
    ) -> list:
        """Predictions of one network, put on the data samples."""
        output = self.predict_views(network, inputs)
        results = self.postprocess_result(output.seg_logits, data_samples)
        if self.post_process is not None:
            for sample in results:
                refine_segmentation(sample, self.post_process)
        if self.settings.with_cam:
            self._add_cams(results, output)
        if self.settings.cam_drop:
            self._add_cam_drops(results, output, network, inputs)
        return results

    def _add_cam_drops(
        self,
        results: list,
        output: NetworkOutput,
        network: CAMEncoderDecoder,
        inputs: Tensor,
    ) -> None:
        """Put on the predictions what is seen behind their CAMs."""

        def classify(img: Tensor) -> Tensor:
            return self._class_scores(self.predict_views(network, img))

        for i, sample in enumerate(results):
            cams = dict(pred_cam=output.cam[i], pred_cam_aux=output.cam_aux[i])
            pixels = _without_padding(inputs[i], sample)
            add_cam_drop(sample, classify, inputs[i], cams, pixels)

    def _class_scores(self, output: NetworkOutput) -> Tensor:
        """Return class probabilities (N, C), of the mean of the views."""
        return (output.cls_logits / self.test_views.num_views).sigmoid()

    def _add_cams(self, results: list, output: NetworkOutput) -> None:
        """Put CAMs and class probabilities on the predictions."""
        scores = self._class_scores(output)
        for i, (sample, score) in enumerate(zip(results, scores, strict=True)):
            cam, cam_aux = (
                self._at_original_size(maps[i], sample)
                for maps in (output.cam, output.cam_aux)
            )
            sample.set_data(
                dict(
                    pred_cam=cam,
                    pred_cam_aux=cam_aux,
                    pred_label=LabelData(score=score),
                )
            )

    def postprocess_result(
        self, seg_logits: Tensor, data_samples: list | None = None
    ) -> list:
        """Put logits and the classes of the highest ones on data samples.

        What mmseg's base class does, whose ``argmax`` is slow on a CPU.

        Args:
            seg_logits (Tensor): At the size of the input, (N, K, H, W).
            data_samples (list[SegDataSample], optional): See :meth:`predict`;
                they are changed.

        Returns:
            list[SegDataSample]: The same, or new ones.
        """
        if data_samples is None:
            data_samples = [SegDataSample() for _ in seg_logits]
        for maps, sample in zip(seg_logits, data_samples, strict=True):
            logits = self._at_original_size(maps, sample).data
            pred = best_channel(logits)[1]
            sample.set_data(
                dict(
                    seg_logits=PixelData(data=logits),
                    pred_sem_seg=PixelData(data=pred[None]),
                )
            )
        return data_samples

    def _at_original_size(
        self, maps: Tensor, sample: SegDataSample
    ) -> ResizedMaps:
        """Undo padding, flip and resize of an image's maps, (C, H, W)."""
        meta = sample.metainfo
        maps = maps[(..., *_without_padding(maps, sample))]
        if meta.get('flip'):
            is_horizontal = meta['flip_direction'] == 'horizontal'
            maps = maps.flip(-1 if is_horizontal else -2)
        size = meta.get('ori_shape', maps.shape[-2:])
        return ResizedMaps(maps, tuple(size), self.align_corners)

    def _forward(
        self, inputs: Tensor, data_samples: list | None = None
    ) -> Tensor:
        """Raw segmentation logits of the predicting network, (N, K, h, w)."""
        return self.predictor._forward(inputs, data_samples)


def fill_online(state: Any) -> None:
    """Give the online network the weights of the other, where it has none.

    Weights that are published to predict with are the assignment network's.

    Args:
        state (dict): Weights by name; changed in place. Anything else is left
            to those who check it.
    """
    if not isinstance(state, dict):
        return
    names = [name for name in state if isinstance(name, str)]
    if not any(name.startswith('online.') for name in names):
        for name in names:
            if name.startswith('assignment.'):
                own = name.replace('assignment.', 'online.', 1)
                state[own] = state[name]


def _without_padding(
    maps: Tensor, sample: SegDataSample
) -> tuple[slice, slice]:
    """Return rows and columns of maps (C, H, W) that are no padding."""
    padding = sample.metainfo.get('padding_size', [0] * 4)
    padding = sample.metainfo.get('img_padding_size', padding)
    left, right, top, bottom = padding
    height, width = maps.shape[-2:]
    return slice(top, height - bottom), slice(left, width - right)


def _without_predictions(data_samples: list | None) -> list | None:
    """New data samples with the meta information and labels of others."""
    if data_samples is None:
        return None
    return [
        SegDataSample(
            metainfo=old.metainfo,
            **({'gt_label': old.gt_label} if 'gt_label' in old else {}),
        )
        for old in data_samples
    ]
