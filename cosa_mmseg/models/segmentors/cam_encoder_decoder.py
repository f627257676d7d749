"""One of the two networks: a stock segmentor that also has CAM heads."""

import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from mmcv.cnn.bricks import DropPath
from mmengine.registry import MODELS
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.models.segmentors import EncoderDecoder
from torch import Tensor, nn

from cosa_mmseg.datasets.class_meta import classes_of
from cosa_mmseg.structures import NetworkOutput
from cosa_mmseg.utils.checkpoint_loaders import safe_loaders

from .features import fit_auxiliary_head, fit_head, probe_features


@contextmanager
def _own_loss_is_not_used() -> Iterator[None]:
    """Build a head without a word on the default of its ``loss_decode``."""
    with warnings.catch_warnings():
        warnings.filterwarnings('ignore', r'Default ``avg_non_ignore``')
        yield


@MODELS.register_module()
class CAMEncoderDecoder(EncoderDecoder):
    """mmseg's ``EncoderDecoder`` with a main and an auxiliary CAM head.

    The online and the assignment network are two of it.  By itself it
    predicts as a plain ``EncoderDecoder``; :class:`CoSA` trains it.

    Any backbone will do that gives maps (N, D, h, w), and any decode head
    whose ``forward`` gives logits (N, K, h, w).  Heads need no
    ``in_channels``: an empty image is shown to the backbone to find them.

    Args:
        num_classes (int | dict): K, with the background, that of all heads. A
            dict is the config of a data set whose classes are counted.
        decode_head (dict): Config of the segmentation head.
        cam_head (dict): Config of the main :class:`CAMHead`, on the last
            feature unless ``in_index`` says otherwise.
        cam_head_aux (dict): Config of the auxiliary one, on the last feature
            but one unless ``in_index`` says otherwise.
        frozen (Sequence[str]): Regular expressions of the names of parameters
            that are not trained, such as ``'backbone.pos_embed'``; each must
            match the whole name of at least one.
        channels_last (bool): Whether images and convolutions are laid out
            with the channels last: faster for CNNs, the same result.
        compile (bool | dict): Whether the backbone is compiled at its first
            call, by ``torch.compile``; a dict holds arguments of it, such as
            ``mode``. Names of weights stay; a copy is compiled as well.
        **kwargs: Arguments of ``EncoderDecoder``.

    Attributes:
        features (tuple[Feature]): Width and stride of what the backbone (or
            the neck) gives.

    Raises:
        ValueError: If a pattern of ``frozen`` matches nothing, a head states
            another number of classes, or backbone and heads do not fit.
    """

    @_own_loss_is_not_used()
    def __init__(
        self,
        *,
        num_classes: int | dict,
        decode_head: dict,
        cam_head: dict,
        cam_head_aux: dict,
        frozen: Sequence[str] = (),
        channels_last: bool = False,
        compile: bool | dict = False,
        **kwargs,
    ) -> None:
        if isinstance(num_classes, dict):
            num_classes = len(classes_of(num_classes))
        self.num_classes = num_classes  # before the heads are built
        super().__init__(decode_head=decode_head, **kwargs)
        cam_head_aux = {'in_index': -2, **cam_head_aux}
        heads = dict(cam_head=cam_head, cam_head_aux=cam_head_aux)
        for name, head in heads.items():
            setattr(self, name, MODELS.build(self._fit(name, head)))
        self._freeze(frozen)
        self.memory_format = (
            torch.channels_last if channels_last else torch.contiguous_format
        )
        self.to(memory_format=self.memory_format)
        self.compiled = {} if compile is True else compile
        self._compile()

    @safe_loaders()
    def init_weights(self) -> None:
        """Initialise the network; no code in pretrained weights is run."""
        super().init_weights()

    def __setstate__(self, state: dict) -> None:
        """Become a copy, compiled as its original: torch leaves that out."""
        super().__setstate__(state)
        self._compile()

    def _compile(self) -> None:
        """Have the backbone compiled at its first call, if it shall be."""
        if self.compiled is False:
            return
        for part in self.backbone.modules():
            # A ViT of mmpretrain has numpy's numbers here, which are compiled
            # as tensors: the graph would break at each of them.
            if isinstance(part, DropPath):
                part.drop_prob = float(part.drop_prob)
        self.backbone.compile(**self.compiled)

    def _init_decode_head(self, decode_head: dict) -> None:
        """Build the segmentation head on what the backbone gives."""
        self.eval()
        self.features = probe_features(super().extract_feat)
        super()._init_decode_head(self._fit('decode_head', decode_head))
        self.train()

    def _init_auxiliary_head(self, auxiliary_head: dict | list | None) -> None:
        """Build mmseg's auxiliary heads, if any."""
        super()._init_auxiliary_head(
            fit_auxiliary_head(auxiliary_head, self.features, self.num_classes)
        )

    def _fit(self, name: str, head: dict) -> dict:
        """Return the settings of a head with what the network knows."""
        return fit_head(name, head, self.features, self.num_classes)

    @property
    def auxiliary_heads(self) -> list[BaseDecodeHead]:
        """list[BaseDecodeHead]: mmseg's auxiliary heads."""
        if not self.with_auxiliary_head:
            return []
        return _as_list(self.auxiliary_head)

    @property
    def auxiliary_weights(self) -> list[float]:
        """list[float]: ``loss_weight`` of each auxiliary head's loss."""
        return [
            sum(loss.loss_weight for loss in _as_list(head.loss_decode))
            for head in self.auxiliary_heads
        ]

    def extract_feat(self, inputs: Tensor) -> tuple[Tensor, ...]:
        """Features of the backbone, as ``EncoderDecoder`` gives them.

        In training those that neither CAM head reads take part in the last
        one, times 0: every parameter then has a gradient in every iteration,
        which distributed training needs, whatever head is trained.

        Args:
            inputs (Tensor): Normalised images, (N, 3, H, W).
        """
        feats = super().extract_feat(
            inputs.contiguous(memory_format=self.memory_format)
        )
        if not self.training:
            return feats
        main = self.cam_head.in_index
        read = {main, self.cam_head_aux.in_index}
        unread = [
            feat
            for i, feat in enumerate(feats)
            if not read & {i, i - len(feats)}
        ]
        if not unread:
            return feats
        feats = list(feats)
        feats[main] = feats[main] + 0 * sum(feat.sum() for feat in unread)
        return tuple(feats)

    def _freeze(self, patterns: Sequence[str]) -> None:
        """Exclude the parameters that match from training."""
        for pattern in patterns:
            names = [
                name
                for name, _ in self.named_parameters()
                if re.fullmatch(pattern, name)
            ]
            if not names:
                raise ValueError(
                    f'frozen={pattern!r} matches no parameter; their names '
                    'are those of `model.named_parameters()`'
                )
            for name in names:
                self.get_parameter(name).requires_grad_(False)

    def forward_heads(self, img: Tensor) -> NetworkOutput:
        """Run the backbone and every head.

        Args:
            img (Tensor): Normalised images, (N, 3, H, W).

        Returns:
            NetworkOutput: Raw maps and logits at the heads' resolutions; in
            training with those of mmseg's auxiliary heads.
        """
        feats = self.extract_feat(img)
        auxiliary_heads = self.auxiliary_heads if self.training else []
        return NetworkOutput(
            seg_logits=self.decode_head.forward(feats),
            cam=self.cam_head.forward(feats),
            cam_aux=self.cam_head_aux.forward(feats),
            cls_logits=self.cam_head.classify(feats),
            cls_logits_aux=self.cam_head_aux.classify(feats),
            seg_logits_aux=tuple(
                head.forward(feats) for head in auxiliary_heads
            ),
        )

    def classify(self, img: Tensor) -> tuple[Tensor, Tensor]:
        """Run the backbone and the classifiers only.

        Args:
            img (Tensor): Normalised images, (N, 3, H, W).

        Returns:
            tuple[Tensor, Tensor]: Main and auxiliary logits, each (N, C).
        """
        feats = self.extract_feat(img)
        return self.cam_head.classify(feats), self.cam_head_aux.classify(feats)


def _as_list(modules: Any) -> list:
    """Return one module or several as a list."""
    return [*modules] if isinstance(modules, nn.ModuleList) else [modules]
