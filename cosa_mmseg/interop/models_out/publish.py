"""A trained network as files that stock mmseg loads."""

import hashlib
import io
from dataclasses import dataclass
from pathlib import Path

import torch
from mmengine.config import Config

from cosa_mmseg.interop.trained import check_network, load_segmentor
from cosa_mmseg.utils.atomic import atomic_file
from cosa_mmseg.version import __version__

from .stock_config import stock_config
from .stock_model import build_stock_model

_HEADER = """\
# The {network} network of {config} as a plain segmentor of mmseg,
# written by cosa_mmseg {version}. Its weights: {weights}
"""


@dataclass(frozen=True)
class PublishedModel:
    """Files that stock mmseg loads.

    Attributes:
        config (Path): ``<name>-<hash>.py``.
        checkpoint (Path): ``<name>-<hash>.pth``, with the first 8 hexadecimal
            digits of its SHA-256, as ``torch.hub`` checks them.
        notes (list[str]): Of :func:`stock_config`.
    """

    config: Path
    checkpoint: Path
    notes: list[str]


def publish_model(
    cfg: Config,
    checkpoint: str | Path,
    out: str | Path,
    network: str = 'assignment',
) -> PublishedModel:
    """Write one network of a training as a plain segmentor of mmseg.

    The checkpoint holds the weights of backbone, neck, segmentation head and
    auxiliary heads, and ``meta`` with ``dataset_meta`` (classes and palette);
    neither CAM heads nor the other network nor any state of the training.
    The same network gives the same file.

    Args:
        cfg (Config): The config of the training.
        checkpoint (str | Path): A checkpoint of it.
        out (str | Path): Folder to write to.
        network (str): ``'assignment'`` or ``'online'``.

    Returns:
        PublishedModel: What was written.

    Raises:
        OSError: If a file is missing or cannot be written.
        ValueError: If config and checkpoint do not fit, or a plain segmentor
            cannot give the network's logits.
    """
    model = load_segmentor(cfg, checkpoint)
    check_network(model, network)
    trained = getattr(model, network)
    stock, notes = stock_config(cfg, trained)
    meta = dict(
        dataset_meta=model.dataset_meta,
        network=network,
        iter=model.iteration,
        cosa_mmseg_version=__version__,
    )
    state = build_stock_model(stock.model.to_dict(), trained).state_dict()
    buffer = io.BytesIO()  # a file would enter its own name
    torch.save(dict(meta=meta, state_dict={**state}), buffer)
    data = buffer.getvalue()
    source = Path(cfg.filename or 'model.py')
    name = f'{source.stem}-{hashlib.sha256(data).hexdigest()[:8]}'
    weights = Path(out) / f'{name}.pth'
    config = Path(out) / f'{name}.py'
    with atomic_file(weights) as unfinished:
        unfinished.write_bytes(data)
    header = _HEADER.format(
        network=network,
        config=source.name,
        version=__version__,
        weights=weights.name,
    )
    with atomic_file(config) as unfinished:
        unfinished.write_text(header + stock.pretty_text)
    return PublishedModel(config, weights, notes)
