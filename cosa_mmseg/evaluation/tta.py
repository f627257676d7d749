"""Prediction from several views of an image."""

from mmengine.config import Config


def enable_tta(cfg: Config) -> None:
    """Hand the scales and the mirror to the segmentor, which applies them.

    Raises:
        ValueError: If the config does not say what to do.
    """
    if not cfg.get('tta_cfg'):
        raise ValueError(
            '--tta needs tta_cfg in the config, e.g. '
            'tta_cfg = dict(scales=[1.0, 0.5, 1.5], mirror=True)'
        )
    cfg.merge_from_dict({'model': {'test_cfg': cfg.tta_cfg}})
