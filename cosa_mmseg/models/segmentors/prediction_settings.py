"""What ``test_cfg`` of a segmentor of two networks may say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from types import UnionType

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
        if not _are(int | float, self.scales):
            raise ValueError(
                'test_cfg.scales must be a list of numbers, got '
                f'{self.scales!r}'
            )
        if not self.scales or min(self.scales) <= 0:
            raise ValueError(
                f'test_cfg.scales must be positive, got {self.scales}'
            )
        if not isinstance(self.size_divisor, int) or self.size_divisor < 1:
            raise ValueError(
                'test_cfg.size_divisor must be a whole number of at least 1, '
                f'got {self.size_divisor!r}'
            )
        if not isinstance(self.post_process, dict | None):
            raise ValueError(
                'test_cfg.post_process must be a dict, got '
                f'{self.post_process!r}'
            )
        self._check_windows()

    def _check_windows(self) -> None:
        """Raise unless there are windows where, and only where, they slide."""
        for name in ('crop_size', 'stride'):
            sides = getattr(self, name)
            if sides is not None and not (
                _are(int, sides) and len(sides) == 2
            ):
                raise ValueError(
                    f'test_cfg.{name} must be (height, width), whole numbers, '
                    f'got {sides!r}'
                )
        missing = (self.crop_size, self.stride).count(None)
        if missing != (0 if self.mode == 'slide' else 2):
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


def _are(kind: type | UnionType, values: object) -> bool:
    """Whether values are a list, or a tuple, of numbers of a kind."""
    return isinstance(values, list | tuple) and all(
        isinstance(value, kind) for value in values
    )
