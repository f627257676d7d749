"""Prediction of pictures: as a whole, or in tiles."""

import math

import numpy as np
import torch
import torch.nn.functional as F
from mmseg.models.segmentors import BaseSegmentor
from mmseg.structures import SegDataSample
from torch import Tensor

from cosa_mmseg.models.ops.windows import window_starts, window_weights
from cosa_mmseg.models.segmentors.dual_stream import DualStreamSegmentor
from cosa_mmseg.utils.dtype import promote_half

from .raw_prediction import Part, RawPrediction
from .tiles import Tiling

# Pixels from one tile to the next are a multiple of this, where the network
# does not say which strides it has
USUAL_GRID = 32


def predict_whole(
    model: BaseSegmentor, data: dict, network: str | None = None
) -> list[RawPrediction]:
    """Predict pictures as a test of the segmentor's config does.

    Args:
        model (BaseSegmentor): In evaluation mode.
        data (dict): ``inputs``, N images (3, h, w) of one size, and their
            ``data_samples`` with ``ori_shape``.
        network (str, optional): Which one predicts, see
            :func:`cosa_mmseg.interop.trained.check_network`.

    Returns:
        list[RawPrediction]: N.
    """
    data = model.data_preprocessor(data, False)
    maps, scores = _forward(model, data, network, True)
    found = []
    for i, sample in enumerate(data['data_samples']):
        left, right, top, bottom = sample.get('img_padding_size', (0,) * 4)
        own = {
            name: m[
                i, :, top : m.shape[-2] - bottom, left : m.shape[-1] - right
            ]
            for name, m in maps.items()
        }
        size = height, width = sample.ori_shape
        part = Part(own, 0, 0, torch.ones(height), torch.ones(width))
        score = None if scores is None else scores[i]
        corners = model.align_corners
        found.append(RawPrediction([part], size, corners, scores=score))
    return found


def _forward(
    model: BaseSegmentor, data: dict, network: str | None, views: bool
) -> tuple[dict[str, Tensor], Tensor | None]:
    """Return maps of a batch, see :class:`Part`, and class probabilities.

    Args:
        model (BaseSegmentor): In evaluation mode.
        data (dict): Of its preprocessor.
        network (str, optional): Which one predicts; None: as the segmentor's
            settings have it.
        views (bool): Whether to merge the views of the settings; else maps
            are as the network has them.
    """
    img = data['inputs']
    if isinstance(model, DualStreamSegmentor):
        chosen = getattr(model, network) if network else model.predictor
        if views:
            output = model.predict_views(chosen, img)
        else:
            output = chosen.forward_heads(img)
        names = ('seg_logits', 'cam', 'cam_aux')
        logits = promote_half(output.cls_logits) / model.test_views.num_views
        return {
            name: getattr(output, name) for name in names
        }, logits.sigmoid()
    if views:
        metas = [sample.metainfo for sample in data['data_samples']]
        return dict(seg_logits=model.inference(img, metas)), None
    seg_logits = model(img, mode='tensor')
    if not isinstance(seg_logits, Tensor) or seg_logits.ndim != 4:
        raise ValueError(
            f'the head {type(model.decode_head).__name__} gives no map of '
            'logits, which tiles need: use tile_size=None'
        )
    return dict(seg_logits=seg_logits), None


def tile_grid(model: BaseSegmentor) -> int:
    """Return the number that sides and starts of tiles are multiples of."""
    if isinstance(model, DualStreamSegmentor):
        return math.lcm(*(f.stride for f in model.predictor.features))
    return USUAL_GRID


def predict_tiles(
    model: BaseSegmentor,
    image: np.ndarray,
    tiling: Tiling,
    batch_size: int = 1,
    network: str | None = None,
) -> RawPrediction:
    """Predict a picture in overlapping tiles, one view of each.

    Logits and CAMs are blended, see :func:`window_weights`; CAMs are
    normalised over the picture. A class score is the highest of any tile.

    Args:
        model (BaseSegmentor): In evaluation mode.
        image (np.ndarray): (H, W, 3), uint8, BGR.
        tiling (Tiling): On the :func:`tile_grid`.
        batch_size (int): Tiles in a batch. Defaults to 1.
        network (str, optional): Which one predicts, see
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
    sides = [window_starts(side, tile, step, grid) for side in image.shape[:2]]
    rows, columns = (
        [*zip(s, window_weights(s, tile, overlap), strict=True)] for s in sides
    )
    places = [(row, column) for row in rows for column in columns]
    img = torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1)))
    parts, scores = [], []
    for begin in range(0, len(places), batch_size):
        batch = places[begin : begin + batch_size]
        crops = [_crop(img, top, left, tile) for (top, _), (left, _) in batch]
        maps, score = _predict_crops(model, crops, network)
        for i, ((top, row), (left, column)) in enumerate(batch):
            own = {name: values[i] for name, values in maps.items()}
            parts.append(Part(own, top, left, row, column))
        if score is not None:
            scores.append(score)
    return RawPrediction(
        parts,
        image.shape[:2],
        model.align_corners,
        raw_cams=bool(scores),
        scores=torch.cat(scores).amax(dim=0) if scores else None,
    )


def _crop(img: Tensor, top: int, left: int, tile: int) -> Tensor:
    """Cut a tile out of an image (3, H, W); beyond it the edge is repeated."""
    crop = img[:, top : top + tile, left : left + tile]
    missing = (tile - crop.shape[2], tile - crop.shape[1])
    if not any(missing):
        return crop
    pad = (0, missing[0], 0, missing[1])
    return F.pad(crop[None].float(), pad, mode='replicate')[0].to(img.dtype)


def _predict_crops(
    model: BaseSegmentor, crops: list[Tensor], network: str | None
) -> tuple[dict[str, Tensor], Tensor | None]:
    """Predict tiles of one size, see :func:`_forward`.

    Raises:
        ValueError: If the preprocessor pads.
    """
    samples = [SegDataSample() for _ in crops]
    data = model.data_preprocessor(
        dict(inputs=crops, data_samples=samples), False
    )
    if data['inputs'].shape[-2:] != crops[0].shape[-2:]:
        raise ValueError(
            f'model.data_preprocessor.test_cfg pads tiles of '
            f'{crops[0].shape[-1]} pixels to '
            f'{tuple(data["inputs"].shape[-2:])}: choose '
            'a tile_size that it leaves as it is'
        )
    return _forward(model, data, network, False)
