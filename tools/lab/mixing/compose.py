"""The backbone of one config with the decode head of another."""

import copy

from mmengine.config import Config, ConfigDict


def compose(
    recipe: Config, backbone: Config, head: Config, num_classes: int
) -> ConfigDict:
    """Config of a model that trains both streams from its first iteration.

    Weights are random: pretrained ones are not loaded.

    Args:
        recipe (Config): Whose assigner, losses and CAM heads are taken.
        backbone (Config): Whose backbone and normalisation are taken.
        head (Config): Whose decode and auxiliary head are taken.
        num_classes (int): K, with the background.

    Returns:
        ConfigDict: Of :class:`CoSA`.
    """
    model, ours, theirs = (
        copy.deepcopy(cfg.model) for cfg in (recipe, backbone, head)
    )
    model.data_preprocessor = ours.data_preprocessor
    model.train_cfg.warmup_iters = 0
    network = model.network
    network.backbone = ours.network.backbone
    network.backbone.init_cfg = None
    network.channels_last = ours.network.get('channels_last', False)
    network.decode_head = theirs.network.decode_head
    network.auxiliary_head = theirs.network.get('auxiliary_head')
    network.frozen = [
        *_of(ours.network, 'backbone'),
        *_of(theirs.network, 'decode_head'),
    ]
    network.num_classes = num_classes
    return model


def _of(network: ConfigDict, part: str) -> list[str]:
    """The patterns of ``frozen`` for one part of a network."""
    return [
        pattern
        for pattern in network.get('frozen', [])
        if pattern.startswith(part)
    ]
