"""One of the two networks: a stock segmentor that also has CAM heads."""

import re
from collections.abc import Sequence

import torch
from mmengine.registry import MODELS
from mmseg.models.segmentors import EncoderDecoder
from torch import Tensor

from cosa_mmseg.structures import NetworkOutput


@MODELS.register_module()
class CAMEncoderDecoder(EncoderDecoder):
    """mmseg's ``EncoderDecoder`` with a main and an auxiliary CAM head.

    The online and the assignment network are two of it.  By itself it
    predicts as a plain ``EncoderDecoder``; :class:`CoSA` trains it.

    Args:
        cam_head (dict): Config of the main :class:`CAMHead`, on the last
            feature.
        cam_head_aux (dict): Config of the auxiliary one, on an intermediate
            feature (``in_index``).
        frozen (Sequence[str]): Regular expressions of the names of parameters
            that are not trained, such as ``'backbone.pos_embed'``; each must
            match the whole name of at least one.
        channels_last (bool): Whether images and convolutions are laid out
            with the channels last: faster for CNNs, the same result.
        **kwargs: Arguments of ``EncoderDecoder``.

    Raises:
        ValueError: If a pattern of ``frozen`` matches nothing, or the heads
            disagree on the number of classes.
    """

    def __init__(
        self,
        *,
        cam_head: dict,
        cam_head_aux: dict,
        frozen: Sequence[str] = (),
        channels_last: bool = False,
        **kwargs,
    ) -> None:
        super().__init__(**kwargs)
        self.cam_head = MODELS.build(cam_head)
        self.cam_head_aux = MODELS.build(cam_head_aux)
        for name in ('cam_head', 'cam_head_aux'):
            num_classes = getattr(self, name).num_classes
            if num_classes != self.num_classes:
                raise ValueError(
                    f'{name}.num_classes={num_classes} differs from '
                    f'decode_head.num_classes={self.num_classes}; all three '
                    'heads count the background'
                )
        self._freeze(frozen)
        self.memory_format = (
            torch.channels_last if channels_last else torch.contiguous_format
        )
        self.to(memory_format=self.memory_format)

    def extract_feat(self, inputs: Tensor) -> tuple[Tensor, ...]:
        """Features of the backbone, as ``EncoderDecoder`` gives them.

        Args:
            inputs (Tensor): Normalised images, (N, 3, H, W).
        """
        return super().extract_feat(
            inputs.contiguous(memory_format=self.memory_format)
        )

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

    def see(self, img: Tensor) -> NetworkOutput:
        """Run the backbone and every head.

        Args:
            img (Tensor): Normalised images, (N, 3, H, W).

        Returns:
            NetworkOutput: Raw maps and logits at the heads' resolutions.
        """
        feats = self.extract_feat(img)
        return NetworkOutput(
            seg_logits=self.decode_head.forward(feats),
            cam=self.cam_head.forward(feats),
            cam_aux=self.cam_head_aux.forward(feats),
            cls_logits=self.cam_head.classify(feats),
            cls_logits_aux=self.cam_head_aux.classify(feats),
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
