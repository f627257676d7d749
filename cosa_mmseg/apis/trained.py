"""Trained segmentors, of CoSA and of mmseg."""

from mmengine.config import Config, ConfigDict
from mmengine.registry import MODELS
from mmengine.runner import CheckpointLoader
from mmseg.models.segmentors import BaseSegmentor

from cosa_mmseg.interop.models_out.trained_network import (
    class_meta,
    find_meta,
    load_weights,
    without_pretrained,
)
from cosa_mmseg.utils.checkpoint_loaders import safe_loaders


def load_segmentor(cfg: Config, weights: str) -> BaseSegmentor:
    """Build the model of a config and give it the weights of a checkpoint.

    Args:
        cfg (Config): With ``model`` and ``test_dataloader``.
        weights (str): Path or address of the checkpoint; no code in it is
            run.

    Returns:
        BaseSegmentor: On the CPU, in evaluation mode, with ``dataset_meta``:
        ``classes`` and ``palette`` of the checkpoint, or else of the config's
        data set.

    Raises:
        OSError: If there is no such file.
        ValueError: If it is no segmentor, weights or names do not fit, there
            are too many classes for 8-bit label maps, or there is not one map
            for each.
    """
    with safe_loaders():
        content = CheckpointLoader.load_checkpoint(weights, 'cpu', 'silent')
    model = MODELS.build(ConfigDict(without_pretrained(cfg.model.to_dict())))
    if not isinstance(model, BaseSegmentor):
        raise ValueError(
            f'the model of {cfg.filename} is a {cfg.model.type}, which is no '
            'segmentor of mmseg'
        )
    load_weights(model, content.get('state_dict', content), weights, cfg)
    classes, palette = class_meta(find_meta(content), weights, cfg)
    if not len(classes) == model.num_classes <= 255:
        raise ValueError(
            f'the model has {model.num_classes} classes (at most 255 are '
            f'allowed), but {len(classes)} names are known'
        )
    if model.out_channels != len(classes):
        raise ValueError(
            f'the model gives {model.out_channels} maps for {len(classes)} '
            'classes (out_channels of its decode_head): predictions need one '
            'for each class'
        )
    model.dataset_meta = dict(classes=classes, palette=palette)
    return model.eval()
