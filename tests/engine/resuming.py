"""Trainings of a tiny CoSA, whole and resumed, and what has to be equal."""

import json
import re
from pathlib import Path

import numpy as np
import torch
from mmengine.logging import HistoryBuffer, MessageHub
from mmengine.runner import Runner
from mmseg.visualization import SegLocalVisualizer
from PIL import Image

from cosa_mmseg.config.command_line import read_config
from tests.cli.test_custom_data import PICTURES, TINY, write_pictures

# what a clock or a machine says, and where files are
MEASURED = re.compile(
    r'.*time$|.*memory$|.*eta$|cfg$|experiment_name$|best_ckpt$|last_ckpt$'
)
# Dynamic thresholds from the second warm-up iteration on, dropout, two
# evaluations, smoothed values in the log.
SETTINGS = """
data_root = 'my'
label_file = 'labels.csv'
mask_path = 'masks'
model = dict(
    network=dict(decode_head=dict(dropout_ratio=0.3)),
    assigner=dict(cam_labeler=dict(threshold=dict(num_images=5, grid=(8, 8)))),
    train_cfg=dict(warmup_iters=2))
train_cfg = dict(max_iters=6, val_interval=2, total_batch_size=2)
default_hooks = dict(
    pictures=None, report=None,  # two thirds of the time
    logger=dict(interval=3),
    checkpoint=dict(interval=1, max_keep_ckpts=-1))
"""


def write_data(folder: Path) -> None:
    """Four pictures with labels and masks, and the config ``resume.py``."""
    write_pictures(folder, 'my')
    for name in PICTURES:
        path = (folder / 'my/masks' / name).with_suffix('.png')
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((32, 40), 1, np.uint8)).save(path)
    (folder / 'tiny.py').write_text(TINY)
    (folder / 'resume.py').write_text("_base_ = 'tiny.py'\n" + SETTINGS)


def train(work_dir: str, **options) -> Runner:
    """Train in the working folder, which :func:`write_data` filled.

    Args:
        work_dir (str): For logs and checkpoints.
        **options: Overrides of the config; ``__`` stands for a dot.
    """
    options = {key.replace('__', '.'): v for key, v in options.items()}
    cfg = read_config('resume.py', options, work_dir)
    cfg.experiment_name = work_dir
    SegLocalVisualizer._instance_dict.clear()
    MessageHub._instance_dict.clear()
    runner = Runner.from_cfg(cfg)
    runner.train()
    # ends its workers now: garbage collection waits 5 s for each
    runner.train_loop.dataloader_iterator = None
    runner.train_loop.dataloader._iterator = None
    return runner


def resume(work_dir: str, checkpoint: str, **options) -> Runner:
    """Train on from a checkpoint, in another folder."""
    return train(work_dir, resume=True, load_from=checkpoint, **options)


def contents(checkpoint: str) -> dict:
    """All that a checkpoint holds, but for what is measured, by its place."""
    state = torch.load(checkpoint, weights_only=False)
    meta = state.pop('meta')
    found = {'iter': meta['iter'], 'seed': meta['seed']}
    for part in state:
        found.update(_leaves(state[part], part))
    return found


def _leaves(node, place: str):
    """Pairs of a place and what is there: a tensor, a number, a text."""
    if isinstance(node, HistoryBuffer):
        node = [torch.from_numpy(values) for values in node.data]
    if isinstance(node, list | tuple):
        node = dict(enumerate(node))
    if not isinstance(node, dict):
        yield place, node
        return
    for key, value in node.items():
        if not MEASURED.match(str(key)):
            yield from _leaves(value, f'{place}/{key}')


def logged(work_dir: str) -> list[dict]:
    """Rows of ``scalars.json`` without what is measured."""
    (path,) = Path(work_dir).glob('*/vis_data/scalars.json')
    rows = map(json.loads, path.read_text().splitlines())
    return [
        {key: row[key] for key in row if not MEASURED.match(key)}
        for row in rows
    ]


def assert_equal(found: dict, expected: dict) -> None:
    """Equal, bit for bit."""
    assert found.keys() == expected.keys()
    for place, value in expected.items():
        if isinstance(value, torch.Tensor):
            assert torch.equal(found[place], value), place
        else:
            assert found[place] == value, place
