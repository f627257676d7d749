"""Runs published models in a process that cannot import cosa_mmseg.

python run_stock.py FOLDER NAME...

For each FOLDER/NAME/<name>-<hash>.py and .pth: predicts both images of
FOLDER/NAME/data in two ways, scores them with and without `--tta`, and writes
FOLDER/NAME/seen.npz. Saves the time of importing mmseg once for each model.
"""

import sys

sys.modules['cosa_mmseg'] = None  # an import raises ImportError

from pathlib import Path  # noqa: E402

import numpy as np  # noqa: E402
import torch  # noqa: E402
from mmengine.config import Config  # noqa: E402
from mmengine.runner import Runner  # noqa: E402
from mmseg.apis import (  # noqa: E402
    MMSegInferencer,
    inference_model,
    init_model,
)


def score(config, checkpoint, work_dir, tta):
    """mIoU, as mmseg's tools/test.py gets it."""
    cfg = Config.fromfile(config)
    cfg.work_dir = str(work_dir)
    cfg.load_from = checkpoint
    if tta:
        cfg.test_dataloader.dataset.pipeline = cfg.tta_pipeline
        cfg.tta_model.module = cfg.model
        cfg.model = cfg.tta_model
    cfg.experiment_name = f'{work_dir.parent.name}_{tta}'
    return Runner.from_cfg(cfg).test()['mIoU']


def run(folder):
    """What one published model gives."""
    (config,) = map(str, folder.glob('*.py'))
    (checkpoint,) = map(str, folder.glob('*.pth'))
    images = sorted(map(str, folder.glob('data/JPEGImages/*.jpg')))
    model = init_model(config, checkpoint, device='cpu')
    logits = [inference_model(model, i).seg_logits.data for i in images]
    inferencer = MMSegInferencer(config, checkpoint, device='cpu')
    labels = inferencer(images)['predictions']
    np.savez(
        folder / 'seen.npz',
        logits=torch.stack(logits).numpy(),
        labels=np.stack(labels),
        mIoU=score(config, checkpoint, folder / 'plain', tta=False),
        mIoU_tta=score(config, checkpoint, folder / 'tta', tta=True),
        classes=model.dataset_meta['classes'],
        palette=model.dataset_meta['palette'],
    )


if __name__ == '__main__':
    torch.set_num_threads(1)
    for name in sys.argv[2:]:
        run(Path(sys.argv[1]) / name)
