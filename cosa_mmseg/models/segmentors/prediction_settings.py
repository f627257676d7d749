"""What ``test_cfg`` of a segmentor of two networks may say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

NETWORKS = ('assignment', 'online', 'both')


@dataclass(frozen=True)
class PredictionSettings:
    """How a :class:`DualStreamSegmentor` predicts.

    Attributes:
        network (str): Which network predicts: ``'assignment'``, ``'online'``,
            or ``'both'``, which takes twice the time; then the plain fields
            of a prediction are the assignment network's, and those of the
            online network have the prefix ``online_``.
        with_cam (bool): Whether predictions carry CAMs and class scores.
        scales (Sequence[float]): Scales of the input whose outputs are summed.
        mirror (bool): Whether each scale is also seen mirrored.
        size_divisor (int): Scaled inputs have sides that are multiples of it,
            the nearest ones: the patch size of a ViT that shall see images of
            any size.
        mode (str): ``'whole'`` or ``'slide'``, as in mmseg: whether a scaled
            input is seen at once or in overlapping windows.
        crop_size (Sequence[int], optional): Height and width of the windows.
        stride (Sequence[int], optional): Steps of the windows, down and right.
        post_process (dict, optional): Config of a module that refines the
            segmentation, such as ``dict(type='DenseCRF')``; called with logits
            (K, H, W) at the original size and the image (H, W, 3), uint8 RGB,
            it returns probabilities (K, H, W).

    Raises:
        ValueError: If a setting is unknown, out of range, or without its
            counterpart.
    """

    network: str = 'assignment'
    with_cam: bool = False
    scales: Sequence[float] = (1.0,)
    mirror: bool = False
    size_divisor: int = 1
    mode: str = 'whole'
    crop_size: Sequence[int] | None = None
    stride: Sequence[int] | None = None
    post_process: dict | None = None

    def __post_init__(self) -> None:
        if self.network not in NETWORKS:
            raise ValueError(
                f'test_cfg.network must be one of {", ".join(NETWORKS)}, got '
                f'{self.network!r}'
            )
        if self.mode not in ('whole', 'slide'):
            raise ValueError(
                f"test_cfg.mode must be 'whole' or 'slide', got {self.mode!r}"
            )
        if not self.scales or min(self.scales) <= 0:
            raise ValueError(
                f'test_cfg.scales must be positive, got {self.scales}'
            )
        if self.size_divisor < 1:
            raise ValueError(
                'test_cfg.size_divisor must be at least 1, got '
                f'{self.size_divisor}'
            )
        windows = (self.crop_size, self.stride)
        if (self.mode == 'slide') == (None in windows):
            raise ValueError(
                "test_cfg.mode='slide' needs test_cfg.crop_size and "
                'test_cfg.stride, each (height, width), and nothing else '
                f'uses them; got mode={self.mode!r}, '
                f'crop_size={self.crop_size}, stride={self.stride}'
            )

    @classmethod
    def from_cfg(cls, test_cfg: Mapping | None) -> 'PredictionSettings':
        """The settings of a config; None: the defaults."""
        known = [field.name for field in fields(cls)]
        unknown = sorted(set(test_cfg or {}) - set(known))
        if unknown:
            raise ValueError(
                f'test_cfg.{unknown[0]} is unknown; known: {", ".join(known)}'
            )
        return cls(**(test_cfg or {}))
