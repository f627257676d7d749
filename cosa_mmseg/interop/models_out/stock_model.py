"""A network of CoSA as a plain segmentor of mmseg."""

import torch
from mmengine.config import ConfigDict
from mmseg.models.segmentors import EncoderDecoder
from mmseg.registry import MODELS

from cosa_mmseg.interop.trained import without_pretrained
from cosa_mmseg.models.data_preprocessor import TwoViewDataPreprocessor
from cosa_mmseg.models.segmentors.cam_encoder_decoder import CAMEncoderDecoder
from cosa_mmseg.models.segmentors.features import fit_auxiliary_head, fit_head
from cosa_mmseg.models.segmentors.prediction_settings import (
    PredictionSettings,
)

from .segmentation_graph import check_same_logits

CAM_HEADS = ('cam_head.', 'cam_head_aux.')


def stock_model_config(
    model: ConfigDict, network: CAMEncoderDecoder, settings: PredictionSettings
) -> dict:
    """Return the ``EncoderDecoder`` that predicts as a network of CoSA.

    It has the network's backbone, neck, segmentation head and auxiliary
    heads, with the widths that the network found, and no CAM head.

    Args:
        model (ConfigDict): ``model`` of the training's config.
        network (CAMEncoderDecoder): The network, built.
        settings (PredictionSettings): How the training's model predicts.

    Returns:
        dict: Config of one view of the image, whole or in windows.

    Raises:
        ValueError: If it is not known how images are normalised.
    """
    source = without_pretrained(model)
    preprocessor = source.get('data_preprocessor')
    if not preprocessor:
        raise ValueError(
            'the config has no model.data_preprocessor, so that it is not '
            'known how images are normalised'
        )
    if MODELS.get(preprocessor['type']) is TwoViewDataPreprocessor:
        preprocessor = {'bgr_to_rgb': True, **preprocessor}
        preprocessor['type'] = 'SegDataPreProcessor'
    parts = source['network']
    found = network.features, network.num_classes
    windows = dict(crop_size=settings.crop_size, stride=settings.stride)
    auxiliary_head = parts.get('auxiliary_head')
    return dict(
        type='EncoderDecoder',
        data_preprocessor=preprocessor,
        backbone=parts['backbone'],
        neck=parts.get('neck'),
        decode_head=fit_head('decode_head', parts['decode_head'], *found),
        auxiliary_head=fit_auxiliary_head(auxiliary_head, *found),
        test_cfg=dict(
            mode=settings.mode, **(windows if settings.crop_size else {})
        ),
    )


def build_stock_model(
    config: dict, network: CAMEncoderDecoder
) -> EncoderDecoder:
    """Build the plain segmentor, with the network's weights.

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
    stock.to(memory_format=network.memory_format)
    check_same_logits(network, stock._forward)
    return stock.to(memory_format=torch.contiguous_format)
