"""Work dirs as trainings leave them."""

import json
from pathlib import Path

import numpy as np
from PIL import Image

TRAINED = dict(loss=1.5, loss_cls=1.0, lr=1e-4, time=0.25, xi=0.4)
SCORED = dict(mIoU=50.0, mIoU_label_filtered=60.0, time=0.1)


def train_row(step: int, **changes) -> dict:
    return dict(TRAINED, iter=step, step=step, **changes)


def val_row(step: int, **changes) -> dict:
    return dict(SCORED, step=step, **changes)


def write_run(
    work_dir: Path,
    name: str,
    rows: list[dict],
    pictures: dict[str, list[int]] | None = None,
    info: dict | None = None,
    confusion: dict | None = None,
) -> Path:
    """A run in a work dir; returns its folder."""
    folder = work_dir / name
    images = folder / 'vis_data' / 'vis_image'
    images.mkdir(parents=True)
    lines = ''.join(f'{json.dumps(row)}\n' for row in rows)
    (folder / 'vis_data' / 'scalars.json').write_text(lines)
    for image, steps in (pictures or {}).items():
        for step in steps:
            picture = np.full((20, 50, 3), step % 256, np.uint8)
            path = images / f'watch_{image}_{step}.png'
            Image.fromarray(picture).save(path)
    for file, content in (('run', info), ('confusion', confusion)):
        if content is not None:
            (folder / f'{file}.json').write_text(json.dumps(content))
    return folder
