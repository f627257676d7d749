r"""Count CAM pixels by their confidence, and how many of them are right.

python -m tools.lab.photographs.confidences CONFIG CHECKPOINT... \
    --out confidences.csv \
    --cfg-options data_root=photos label_file=labels.csv mask_path=masks

The assignment network's CAMs of the test set are made as in a training, with
the image-level labels, and compared with the masks. A pixel is right if its
class is that of the mask: the background below .5, the class of the highest
CAM above it. Columns: checkpoint, cam, bin_low, bin_high, count, right.
"""

import csv
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from mmengine.dataset import pseudo_collate
from mmengine.registry import init_default_scope
from mmseg.registry import DATASETS
from torch import Tensor

import cosa_mmseg  # noqa: F401  registers this project's parts
from cosa_mmseg.config.cfg_options import CfgOptionsAction
from cosa_mmseg.config.command_line import read_config
from cosa_mmseg.interop.trained import load_segmentor
from cosa_mmseg.models.segmentors import CoSA
from cosa_mmseg.structures import CoSABatch, NetworkOutput
from cosa_mmseg.utils.atomic import atomic_file
from cosa_mmseg.utils.exits import exit_codes
from cosa_mmseg.utils.paths import CommandParser

BINS = 20
COLUMNS = ('checkpoint', 'cam', 'bin_low', 'bin_high', 'count', 'right')


def count(confidence: Tensor, label: Tensor, mask: Tensor) -> np.ndarray:
    """Count pixels and right pixels by bin of confidence.

    Args:
        confidence (Tensor): In [0, 1], (H, W).
        label (Tensor): Class of the highest CAM, int64 (H, W), 1..C.
        mask (Tensor): Class ids, 255 = ignore, (H, W).

    Returns:
        np.ndarray: int64 (2, BINS), pixels and right pixels.
    """
    right = torch.where(confidence < 0.5, 0, label) == mask
    bins = (confidence * BINS).long().clamp(max=BINS - 1)
    known = mask != 255
    return np.stack(
        [
            torch.bincount(bins[chosen], minlength=BINS).numpy()
            for chosen in (known, known & right)
        ]
    )


@torch.no_grad()
def count_all(model: CoSA, dataset: Sequence[dict]) -> dict[str, np.ndarray]:
    """Count the pixels of a data set, for the main and the auxiliary CAM."""
    counts = {name: np.zeros((2, BINS), int) for name in ('cam', 'cam_aux')}
    for item in dataset:
        data = model.data_preprocessor(pseudo_collate([item]), False)
        weak, samples = data['inputs'], data['data_samples']
        for sample in samples:
            sample.set_metainfo(dict(valid_box=(0, 0, *weak.shape[-2:])))
        batch = CoSABatch.of(
            dict(weak=weak, strong=weak),
            samples,
            model.num_fg_classes,
            model.data_preprocessor.denormalize,
        )
        mask = samples[0].gt_sem_seg.data.float()[None]
        mask = torch.nn.functional.interpolate(
            mask, weak.shape[-2:], mode='nearest-exact'
        )[0, 0].long()
        output = _assigned(model, batch)
        for name in counts:
            cam = getattr(output, name)
            confidence, index = cam[0].max(dim=0)
            label = batch.classes[index] + 1
            counts[name] += count(confidence, label, mask)
    return counts


def _assigned(model: CoSA, batch: CoSABatch) -> NetworkOutput:
    """Return the maps of the shown classes, from which labels are made."""
    classes, assigner = batch.classes, model.assigner
    output = assigner.predict_views(
        lambda img: model.assignment.forward_heads(img).of_classes(classes),
        batch.weak,
    )
    if assigner.refiner is not None:
        img_label = batch.img_label.index_select(1, classes)
        output = assigner.refine(output, img_label, batch.weak_rgb)
    return output


@exit_codes(OSError, ValueError)
def main(args: Sequence[str] | None = None) -> None:
    """Count and write."""
    parser = CommandParser(description=__doc__)
    parser.add_argument('config')
    parser.add_argument('checkpoints', nargs='+', type=Path)
    parser.add_argument('--out', type=Path, required=True)
    parser.add_argument('--cfg-options', nargs='+', action=CfgOptionsAction)
    options = parser.parse_args(args)
    cfg = read_config(options.config, options.cfg_options)
    init_default_scope('mmseg')
    dataset = DATASETS.build(cfg.test_dataloader.dataset)
    with (
        atomic_file(options.out) as unfinished,
        open(unfinished, 'w', newline='') as file,
    ):
        table = csv.writer(file)
        table.writerow(COLUMNS)
        for checkpoint in options.checkpoints:
            model = load_segmentor(cfg, checkpoint)
            for name, counts in count_all(model, dataset).items():
                for k, (pixels, right) in enumerate(counts.T):
                    row = [checkpoint.stem, name, k / BINS, (k + 1) / BINS]
                    table.writerow([*row, pixels, right])


if __name__ == '__main__':
    sys.exit(main())
