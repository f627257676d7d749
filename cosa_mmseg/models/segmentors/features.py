"""Features of a backbone, and settings of the heads on them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

# Sides of the image that is shown to a backbone: a multiple of 14 and of 32
_SIDE = 224
# DeepLabV3+ of mmseg also reads the first feature
_FIRST_FEATURE_KEY = 'c1_in_channels'


@dataclass(frozen=True)
class Feature:
    """One of the maps that a backbone (or its neck) gives.

    Attributes:
        channels (int): D.
        stride (int): Pixels of the image for one of the map.
    """

    channels: int
    stride: int

    def __str__(self) -> str:
        return f'{self.channels} channels at stride {self.stride}'


@torch.no_grad()
def probe_features(extract_feat: Callable) -> tuple[Feature, ...]:
    """Show an empty image to a backbone and look at what comes out.

    Args:
        extract_feat (Callable): From an image (1, 3, H, W) to features.

    Returns:
        tuple[Feature, ...]: Of each feature, in their order.

    Raises:
        ValueError: If it cannot see an image of this size, or what comes out
            are no maps.
    """
    try:
        outputs = extract_feat(torch.zeros(1, 3, _SIDE, _SIDE))
    except (RuntimeError, AssertionError, ValueError) as error:
        raise ValueError(
            f'network.backbone fails on an image of {_SIDE} x {_SIDE} pixels '
            f'({error}); the views of CoSA have several sizes: let it take '
            'any, as with dynamic_img_size=True in timm'
        ) from error
    is_sequence = isinstance(outputs, Sequence)
    features = outputs if is_sequence else [outputs]
    shapes = [tuple(getattr(out, 'shape', ())) for out in features]
    if not is_sequence or any(len(shape) != 4 for shape in shapes):
        raise ValueError(
            'network.backbone must give a tuple of maps (N, D, h, w), but '
            f'for one image it gives {type(outputs).__name__} of shapes '
            f"{shapes}; set out_type='featmap' in a ViT of mmpretrain"
        )
    return tuple(Feature(shape[1], _SIDE // shape[-1]) for shape in shapes)


def fit_head(
    name: str, head: dict, features: Sequence[Feature], num_classes: int
) -> dict:
    """Return a head's settings with the widths of the features that it reads.

    ``in_channels`` may be left out; ``c1_in_channels=None`` (DeepLabV3+)
    becomes the width of the first feature.

    Args:
        name (str): Name of the head, for messages.
        head (dict): Config of a head, with ``in_index`` (default: the last).
        features (Sequence[Feature]): What the backbone gives.
        num_classes (int): K, with the background, that of all heads.

    Returns:
        dict: A new config.

    Raises:
        ValueError: If a feature does not exist, or has another width than
            the head's ``in_channels``, or the head has another K.
    """
    index = head.get('in_index', -1)
    many = isinstance(index, Sequence)
    found = [
        _pick(name, i, features).channels for i in (index if many else [index])
    ]
    widths = found if many else found[0]
    given = head.get('in_channels')
    given = list(given) if isinstance(given, Sequence) else given
    if given is not None and given != widths:
        raise ValueError(
            f'network.{name}.in_channels={given}, but the feature of '
            f'in_index={index} has {widths}; leave in_channels out and it is '
            f'found. {_describe(features)}'
        )
    own = head.get('num_classes', num_classes)
    if own != num_classes:
        raise ValueError(
            f'network.{name}.num_classes={own} differs from network.'
            f'num_classes={num_classes}, which is that of all heads: leave '
            'it out'
        )
    head = {**head, 'in_channels': widths, 'num_classes': num_classes}
    if _FIRST_FEATURE_KEY in head and head[_FIRST_FEATURE_KEY] is None:
        head[_FIRST_FEATURE_KEY] = features[0].channels
    return head


def fit_auxiliary_head(
    head: dict | Sequence[dict] | None,
    features: Sequence[Feature],
    num_classes: int,
) -> dict | list[dict] | None:
    """Return settings of mmseg's ``auxiliary_head``: one, several or none.

    Args:
        head (dict | Sequence[dict], optional): Config of it.
        features (Sequence[Feature]): What the backbone gives.
        num_classes (int): K, that of all heads.

    Returns:
        dict | list[dict] | None: Of the same kind, by :func:`fit_head`.

    Raises:
        ValueError: As :func:`fit_head`.
    """
    name = 'auxiliary_head'
    if isinstance(head, Sequence):
        return [
            fit_head(f'{name}[{i}]', each, features, num_classes)
            for i, each in enumerate(head)
        ]
    return head and fit_head(name, head, features, num_classes)


def _pick(name: str, index: int, features: Sequence[Feature]) -> Feature:
    """Return the feature of an index."""
    try:
        return features[index]
    except IndexError:
        raise ValueError(
            f'network.{name}.in_index={index} is out of range: set '
            f'out_indices of the backbone. {_describe(features)}'
        ) from None


def _describe(features: Sequence[Feature]) -> str:
    """Describe the features of a backbone, for messages."""
    listed = '; '.join(f'{i}: {feat}' for i, feat in enumerate(features))
    return f'The backbone gives {len(features)} feature(s): {listed}'
