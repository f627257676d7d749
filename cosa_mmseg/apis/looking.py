"""Showing pictures to a segmentor, at once or in tiles."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from mmseg.models.segmentors import BaseSegmentor
from mmseg.structures import SegDataSample
from torch import Tensor

from cosa_mmseg.models.ops.windows import window_starts, window_weights
from cosa_mmseg.models.segmentors.cam_encoder_decoder import CAMEncoderDecoder
from cosa_mmseg.models.segmentors.dual_stream import DualStreamSegmentor
from cosa_mmseg.structures import NetworkOutput
from cosa_mmseg.utils.dtype import promote_half

from .maps import Part, PictureMaps
from .tiles import Tiling

# Pixels from one tile to the next are a multiple of this, where the network
# does not say which strides it has
USUAL_GRID = 32


@dataclass(frozen=True)
class Sight:
    """What a segmentor says about a picture.

    Attributes:
        maps (PictureMaps): Logits and CAMs.
        scores (Tensor, optional): Probabilities that the picture shows the
            foreground classes, (C,); None if the segmentor has none.
    """

    maps: PictureMaps
    scores: Tensor | None


def _asked(
    model: DualStreamSegmentor, network: str | None
) -> CAMEncoderDecoder:
    """The network of a name, or that of the segmentor's settings."""
    return model.predictor if network is None else getattr(model, network)


def look_whole(
    model: BaseSegmentor, data: dict, network: str | None = None
) -> list[Sight]:
    """Show pictures to a segmentor as a test of its config does.

    Args:
        model (BaseSegmentor): In evaluation mode.
        data (dict): ``inputs``, N images (3, h, w) of one size, and their
            ``data_samples`` with ``ori_shape``.
        network (str, optional): Which one is asked, see
            :func:`cosa_mmseg.interop.trained.check_network`.

    Returns:
        list[Sight]: N.
    """
    data = model.data_preprocessor(data, False)
    img, samples = data['inputs'], data['data_samples']
    scores: Sequence[Tensor | None] = [None] * len(img)
    if isinstance(model, DualStreamSegmentor):
        seen = model.predict_views(_asked(model, network), img)
        maps = _maps_of(seen)
        scores = (seen.cls_logits / model.test_views.num_views).sigmoid()
    else:
        metas = [sample.metainfo for sample in samples]
        maps = dict(seg_logits=model.inference(img, metas))
    return [
        Sight(
            PictureMaps(
                [_whole(maps, i, sample)],
                tuple(sample.ori_shape),
                model.align_corners,
            ),
            scores[i],
        )
        for i, sample in enumerate(samples)
    ]


def _maps_of(seen: NetworkOutput) -> dict[str, Tensor]:
    """The maps of a :class:`Part`, of N pictures."""
    return dict(seg_logits=seen.seg_logits, cam=seen.cam, cam_aux=seen.cam_aux)


def _whole(maps: dict[str, Tensor], index: int, sample: SegDataSample) -> Part:
    """The maps of one picture of a batch, without its padding."""
    left, right, top, bottom = sample.get('img_padding_size', (0, 0, 0, 0))
    height, width = sample.ori_shape
    return Part(
        maps={
            name: batch[
                index,
                :,
                top : batch.shape[-2] - bottom,
                left : batch.shape[-1] - right,
            ]
            for name, batch in maps.items()
        },
        top=0,
        left=0,
        rows=torch.ones(height),
        columns=torch.ones(width),
    )


def tile_grid(model: BaseSegmentor) -> int:
    """Of what number the sides and starts of tiles are multiples."""
    if isinstance(model, DualStreamSegmentor):
        return math.lcm(*(f.stride for f in model.predictor.features))
    return USUAL_GRID


def look_in_tiles(
    model: BaseSegmentor,
    image: np.ndarray,
    tiling: Tiling,
    batch_size: int = 1,
    network: str | None = None,
) -> Sight:
    """Show a picture to a segmentor in overlapping tiles, one view of each.

    Logits and CAMs are blended, see :func:`window_weights`; CAMs are
    normalised over the picture. A class score is the highest of any tile.

    Args:
        model (BaseSegmentor): In evaluation mode.
        image (np.ndarray): (H, W, 3), uint8, BGR.
        tiling (Tiling): On the :func:`tile_grid`.
        batch_size (int): Tiles that are seen at once. Defaults to 1.
        network (str, optional): Which one is asked, see
            :func:`cosa_mmseg.interop.trained.check_network`.

    Raises:
        ValueError: If the segmentor's settings ask for several views, its
            preprocessor pads, or it does not give logits as a map.
    """
    views = getattr(model, 'test_views', None)
    if views is not None and views.num_views > 1:
        raise ValueError(
            f'tiles are seen in one view each, but model.test_cfg asks for '
            f'{views.num_views}: set model.test_cfg.scales=[1.0] and '
            'mirror=False'
        )
    grid, tile, overlap = tile_grid(model), tiling.side, tiling.overlap
    step = max((tile - overlap) // grid, 1) * grid
    starts = [
        window_starts(side, tile, step, grid) for side in image.shape[:2]
    ]
    rows, columns = (window_weights(s, tile, overlap) for s in starts)
    places = [(i, j) for i in range(len(rows)) for j in range(len(columns))]
    img = torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1)))
    parts, scores = [], []
    for begin in range(0, len(places), batch_size):
        batch = places[begin : begin + batch_size]
        corners = [(starts[0][i], starts[1][j]) for i, j in batch]
        crops = [_crop(img, top, left, tile) for top, left in corners]
        maps, score = _look_raw(model, crops, network)
        for number, (i, j) in enumerate(batch):
            own = {name: values[number] for name, values in maps.items()}
            parts.append(Part(own, *corners[number], rows[i], columns[j]))
        scores.append(score)
    return Sight(
        PictureMaps(
            parts,
            image.shape[:2],
            model.align_corners,
            raw_cams=views is not None,
        ),
        None if views is None else torch.cat(scores).amax(dim=0),
    )


def _crop(img: Tensor, top: int, left: int, tile: int) -> Tensor:
    """A tile of an image (3, H, W); beyond it the edge is repeated."""
    crop = img[:, top : top + tile, left : left + tile]
    missing = (tile - crop.shape[2], tile - crop.shape[1])
    if not any(missing):
        return crop
    pad = (0, missing[0], 0, missing[1])
    return F.pad(crop[None].float(), pad, mode='replicate')[0].to(img.dtype)


def _look_raw(
    model: BaseSegmentor, crops: list[Tensor], network: str | None
) -> tuple[dict[str, Tensor], Tensor]:
    """Maps as the network has them, and class scores; of stock models none.

    Raises:
        ValueError: See :func:`look_in_tiles`.
    """
    samples = [SegDataSample() for _ in crops]
    data = dict(inputs=crops, data_samples=samples)
    img = model.data_preprocessor(data, False)['inputs']
    if img.shape[-2:] != crops[0].shape[-2:]:
        raise ValueError(
            f'model.data_preprocessor.test_cfg pads tiles of '
            f'{crops[0].shape[-1]} pixels to {tuple(img.shape[-2:])}: choose '
            'a tile_size that it leaves as it is'
        )
    if isinstance(model, DualStreamSegmentor):
        seen = _asked(model, network).forward_heads(img)
        return _maps_of(seen), promote_half(seen.cls_logits).sigmoid()
    logits = model(img, mode='tensor')
    if not isinstance(logits, Tensor) or logits.ndim != 4:
        raise ValueError(
            f'the head {type(model.decode_head).__name__} gives no map of '
            'logits, which tiles need: use tile_size=None'
        )
    return dict(seg_logits=logits), logits.new_zeros(len(crops), 0)
