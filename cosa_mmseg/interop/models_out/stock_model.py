"""A network of CoSA as a plain segmentor of mmseg."""

import torch
from mmseg.models.segmentors import EncoderDecoder
from mmseg.registry import MODELS

from cosa_mmseg.models.data_preprocessor import TwoViewDataPreprocessor
from cosa_mmseg.models.segmentors.cam_encoder_decoder import CAMEncoderDecoder
from cosa_mmseg.models.segmentors.features import (
    fit_auxiliary_head,
    fit_head,
)
from cosa_mmseg.models.segmentors.prediction_settings import (
    PredictionSettings,
)

from .trained_network import without_pretrained

CAM_HEADS = ('cam_head.', 'cam_head_aux.')
# of the largest logit, or of 1 where all are smaller
TOLERANCE = 1e-6
_CHECK_SIZE = (96, 128)


def stock_model_config(model: dict, network: CAMEncoderDecoder) -> dict:
    """Config of the ``EncoderDecoder`` that predicts as a network of CoSA.

    It has the network's backbone, neck, segmentation head and auxiliary
    heads, with the widths that the network found, and no CAM head.

    Args:
        model (dict): ``model`` of the training's config, plain data.
        network (CAMEncoderDecoder): The network, built.

    Returns:
        dict: Of one view of the image, whole or in windows.
    """
    source = without_pretrained(model['network'])
    config = dict(
        type='EncoderDecoder',
        data_preprocessor=_stock_preprocessor(model),
        backbone=source['backbone'],
    )
    if source.get('neck'):
        config['neck'] = source['neck']
    features = network.features
    config['decode_head'] = fit_head(
        'decode_head', source['decode_head'], features
    )
    if source.get('auxiliary_head'):
        config['auxiliary_head'] = fit_auxiliary_head(
            source['auxiliary_head'], features
        )
    config['test_cfg'] = _stock_test_cfg(model)
    return config


def build_stock_model(
    config: dict, network: CAMEncoderDecoder
) -> EncoderDecoder:
    """The plain segmentor, with the network's weights.

    Args:
        config (dict): Of :func:`stock_model_config`.
        network (CAMEncoderDecoder): In evaluation mode.

    Returns:
        EncoderDecoder: In evaluation mode.

    Raises:
        ValueError: If its logits are not those of the network.
    """
    stock = MODELS.build(config).eval()
    state = {
        name: tensor
        for name, tensor in network.state_dict().items()
        if not name.startswith(CAM_HEADS)
    }
    stock.load_state_dict(state)
    _check_same_logits(network, stock)
    return stock


@torch.no_grad()
def _check_same_logits(
    network: CAMEncoderDecoder, stock: EncoderDecoder
) -> None:
    """Raise if a network and its plain form see an image differently."""
    generator = torch.Generator().manual_seed(0)
    img = torch.randn(1, 3, *_CHECK_SIZE, generator=generator)
    expected = network.forward_heads(img).seg_logits
    # another layout of convolutions would round differently
    stock.to(memory_format=network.memory_format)
    found = stock._forward(img.contiguous(memory_format=network.memory_format))
    stock.to(memory_format=torch.contiguous_format)
    difference = float((found - expected).abs().max())
    allowed = TOLERANCE * max(1.0, float(expected.abs().max()))
    if not difference <= allowed:  # NaN, too
        raise ValueError(
            f'an EncoderDecoder of the parts of {type(network).__name__} '
            f'gives other logits: they differ by {difference:.1e}, at most '
            f'{allowed:.1e} is allowed; a plain EncoderDecoder cannot stand '
            'in for this network'
        )


def _stock_preprocessor(model: dict) -> dict:
    """The same normalisation and padding by mmseg's preprocessor."""
    source = model.get('data_preprocessor')
    if not source:
        raise ValueError(
            'the config has no model.data_preprocessor, so that it is not '
            'known how images are normalised'
        )
    cls = MODELS.get(source['type'])
    if cls is not TwoViewDataPreprocessor:
        return source
    return dict({'bgr_to_rgb': True, **source}, type='SegDataPreProcessor')


def _stock_test_cfg(model: dict) -> dict:
    """The mode of inference."""
    settings = PredictionSettings.from_cfg(model.get('test_cfg'))
    if settings.crop_size is None or settings.stride is None:
        return dict(mode='whole')
    return dict(
        mode='slide',
        crop_size=tuple(settings.crop_size),
        stride=tuple(settings.stride),
    )
