"""What is exported: from pixels to logits."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmseg.models.segmentors import EncoderDecoder
from mmseg.models.utils import resize
from mmseg.registry import MODELS
from torch import Tensor, nn

from .stock_data import find_resize
from .stock_model import (
    build_stock_model,
    stock_model_config,
)
from .trained_network import (
    class_meta,
    is_dual_stream,
    load_trained_network,
    load_weights,
    read_checkpoint,
    without_pretrained,
)


class SegmentationGraph(nn.Module):
    """A segmentor that normalises its images itself.

    Args:
        model (EncoderDecoder): With ``data_preprocessor``.
        sees_bgr (bool): Whether its network takes BGR, not RGB.
    """

    mean: Tensor  # (3, 1, 1), as is std
    std: Tensor

    def __init__(self, model: EncoderDecoder, sees_bgr: bool) -> None:
        super().__init__()
        self.model = model
        self.sees_bgr = sees_bgr
        preprocessor = model.data_preprocessor
        self.register_buffer(
            'mean', getattr(preprocessor, 'mean', torch.zeros(3, 1, 1))
        )
        self.register_buffer(
            'std', getattr(preprocessor, 'std', torch.ones(3, 1, 1))
        )
        self.eval()

    def forward(self, image: Tensor) -> Tensor:
        """Segment a batch.

        Args:
            image (Tensor): RGB in 0..255, float32, (N, 3, H, W).

        Returns:
            Tensor: Logits at the image's size, (N, K, H, W).
        """
        if self.sees_bgr:
            image = image.flip(1)
        feats = self.model.extract_feat((image - self.mean) / self.std)
        return resize(
            self.model.decode_head.forward(feats),
            size=image.shape[2:],
            mode='bilinear',
            align_corners=self.model.align_corners,
        )

    def normalization(self) -> tuple[list[float], list[float]]:
        """Mean and standard deviation of R, G and B, in 0..255."""
        order = -1 if self.sees_bgr else 1
        return (
            self.mean.flatten().tolist()[::order],
            self.std.flatten().tolist()[::order],
        )


@dataclass(frozen=True)
class Segmentor:
    """What an exported file holds.

    Attributes:
        graph (SegmentationGraph): In evaluation mode.
        classes (Sequence[str]): By channel of the logits.
        resize (dict, optional): The resize of the config's test pipeline.
    """

    graph: SegmentationGraph
    classes: Sequence[str]
    resize: dict | None


def load_segmentor(
    cfg: Config, checkpoint: str | Path, network: str | None = None
) -> Segmentor:
    """The segmentor of a training or of a published model.

    Args:
        cfg (Config): Of a training with CoSA, or with an ``EncoderDecoder``.
        checkpoint (str | Path): Its weights.
        network (str, optional): Which network of a training; default: the
            assignment network.

    Returns:
        Segmentor: On the CPU.

    Raises:
        OSError: If there is no such file.
        ValueError: If config, checkpoint and ``network`` do not fit.
    """
    init_default_scope('mmseg')
    if is_dual_stream(cfg):
        trained = load_trained_network(
            cfg, checkpoint, network or 'assignment'
        )
        config = stock_model_config(cfg.model.to_dict(), trained.network)
        model = build_stock_model(config, trained.network)
        classes = trained.classes
    else:
        config = without_pretrained(cfg.model.to_dict())
        model, classes = _load_plain(cfg, config, checkpoint, network)
    # mmcv reads BGR; without conversion that is what the network sees
    preprocessor = config.get('data_preprocessor') or {}
    is_converted = preprocessor.get('bgr_to_rgb', False)
    graph = SegmentationGraph(model, sees_bgr=not is_converted)
    pipeline = cfg.get('test_pipeline') or []
    return Segmentor(graph, classes, find_resize(pipeline))


def _load_plain(
    cfg: Config,
    model_config: dict,
    checkpoint: str | Path,
    network: str | None,
) -> tuple[EncoderDecoder, list[str]]:
    """A plain segmentor and the names of its classes."""
    if network is not None:
        raise ValueError(
            f'the model of {cfg.filename} is a {cfg.model.type}: it is one '
            f'network, none of it is the {network} network'
        )
    model = MODELS.build(model_config)
    if not isinstance(model, EncoderDecoder):
        raise ValueError(
            f'the model of {cfg.filename} is a {cfg.model.type}: only a CoSA '
            'or an EncoderDecoder can be exported'
        )
    loaded = read_checkpoint(checkpoint)
    load_weights(model, loaded['state_dict'], checkpoint, cfg)
    return model, class_meta(loaded['meta'], checkpoint, cfg)[0]
