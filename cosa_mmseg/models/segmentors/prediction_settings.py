"""Settings in ``test_cfg`` of a segmentor of two networks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import get_type_hints

from cosa_mmseg.utils.config_parameters import describe, fits

from ..ops.checks import check_choice, check_range

NETWORKS = ('assignment', 'online', 'both')


@dataclass(frozen=True)
class PredictionSettings:
    """Settings of the predictions of a :class:`DualStreamSegmentor`.

    Attributes:
        network (str): Which network predicts: ``'assignment'``, ``'online'``,
            or ``'both'``, which takes twice the time; then the plain fields
            of a prediction are the assignment network's, and those of the
            online network have the prefix ``online_``.
        with_cam (bool): Whether predictions carry CAMs and class scores.
        cam_drop (bool): Whether they carry what :func:`add_cam_drop` finds,
            for the ``CAMDropMetric``; needs ``with_cam``.
        scales (Sequence[float]): Scales of the input whose outputs are summed.
        mirror (bool): Whether each scale is also mirrored.
        size_divisor (int): Scaled inputs have sides that are multiples of it,
            the nearest ones: the patch size of a ViT that shall see images of
            any size.
        mode (str): ``'whole'`` or ``'slide'``, as in mmseg: whether a scaled
            input is taken at once or in overlapping windows.
        crop_size (tuple[int, int], optional): Height and width of the
            windows.
        stride (tuple[int, int], optional): Steps of the windows, down and
            right.
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
    cam_drop: bool = False
    scales: Sequence[float] = (1.0,)
    mirror: bool = False
    size_divisor: int = 1
    mode: str = 'whole'
    crop_size: tuple[int, int] | None = None
    stride: tuple[int, int] | None = None
    post_process: dict | None = None

    def __post_init__(self) -> None:
        for name, kind in get_type_hints(type(self)).items():
            if not fits(value := getattr(self, name), kind):
                raise ValueError(
                    f'test_cfg.{name} must be {describe(kind)}, got {value!r}'
                )
        check_choice(NETWORKS, **{'test_cfg.network': self.network})
        check_choice(('whole', 'slide'), **{'test_cfg.mode': self.mode})
        if self.cam_drop and not self.with_cam:
            raise ValueError('test_cfg.cam_drop needs test_cfg.with_cam=True')
        if not self.scales or min(self.scales) <= 0:
            raise ValueError(
                f'test_cfg.scales must be positive, got {self.scales}'
            )
        check_range('[1, inf)', **{'test_cfg.size_divisor': self.size_divisor})
        missing = (self.crop_size, self.stride).count(None)
        if missing != (0 if self.mode == 'slide' else 2):
            raise ValueError(
                "test_cfg.mode='slide' needs test_cfg.crop_size and "
                'test_cfg.stride, each (height, width), and nothing else '
                f'uses them; got mode={self.mode!r}, '
                f'crop_size={self.crop_size}, stride={self.stride}'
            )
        sides = zip(self.stride or (), self.crop_size or (), strict=True)
        if not all(0 < step <= side for step, side in sides):
            raise ValueError(
                f'test_cfg.stride={self.stride} must be at least 1 and at '
                f'most test_cfg.crop_size={self.crop_size}: windows of an '
                'image leave no gap'
            )

    @classmethod
    def from_cfg(cls, test_cfg: Mapping | None) -> 'PredictionSettings':
        """Return the settings of a config; None: the defaults."""
        known = [field.name for field in fields(cls)]
        unknown = sorted(set(test_cfg or {}) - set(known))
        if unknown:
            raise ValueError(
                f'test_cfg.{unknown[0]} is unknown; known: {", ".join(known)}'
            )
        return cls(**(test_cfg or {}))
