"""Weights & Biases: what a training hands over."""

import json
import struct
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from mmengine.config import Config

from cosa_mmseg.datasets.shapes.shapes import write_shapes
from cosa_mmseg.engine import IterationWandbVisBackend
from tests.engine.watched_runs import train, watched_config

BLOCK, HEAD = 32768, 7  # bytes of LevelDB's log format, which W&B writes


def test_each_value_has_its_iteration_and_no_code_is_uploaded(
    tmp_path, monkeypatch
):
    calls = []

    def note(name):
        return lambda *args, **settings: calls.append((name, args, settings))

    fake = SimpleNamespace(  # has no `run.log_code`
        init=note('init'),
        define_metric=note('define_metric'),
        log=note('log'),
        config=SimpleNamespace(update=note('config')),
        Image=lambda image: image.shape,
    )
    monkeypatch.setitem(sys.modules, 'wandb', fake)
    backend = IterationWandbVisBackend(str(tmp_path), dict(project='p'))
    backend.add_config(Config(dict(a=1)))
    backend.add_scalars(dict(mIoU=50.0), step=7)
    backend.add_image('cat', np.zeros((2, 3, 3), np.uint8), step=9)
    assert calls == [
        ('init', (), dict(project='p', dir=str(tmp_path))),
        ('define_metric', ('*',), dict(step_metric='iter')),
        ('config', (dict(a=1),), dict(allow_val_change=True)),
        ('log', (dict(mIoU=50.0, iter=7),), dict(commit=True)),
        ('log', (dict(cat=(2, 3, 3), iter=9),), dict(commit=True)),
    ]


def test_pictures_and_curves_arrive(tmp_path, monkeypatch):
    wandb = pytest.importorskip('wandb')
    monkeypatch.setenv('WANDB_MODE', 'offline')
    monkeypatch.setenv('WANDB_SILENT', 'true')
    write_shapes(tmp_path / 'set', num_train=8, num_eval=3, size=48)
    cfg = watched_config(tmp_path / 'set', tmp_path / 'work')
    cfg.default_hooks.pictures.update(images=['val_00001'], interval=1)
    cfg.visualizer.vis_backends.append(dict(type='IterationWandbVisBackend'))
    try:
        train(cfg)
    finally:
        wandb.teardown()  # waits until all is written
    (log,) = tmp_path.glob('work/*/vis_data/wandb/offline-run-*/*.wandb')
    rows, uploads = read_log(log)
    steps = {
        key: [row['iter'] for row in rows if key in row]
        for key in ('loss', 'mIoU', 'watch_val_00001/path')
    }
    assert steps == {
        'loss': [1, 2, 3, 4],
        'mIoU': [2, 4],
        'watch_val_00001/path': [1, 2, 3, 4],
    }
    pictures = [*log.parent.glob('files/media/images/watch_val_00001_*.png')]
    assert len(pictures) == 4
    assert uploads == 0


def read_log(path):
    """Rows that an offline run holds, and its number of artifacts."""
    from wandb.proto.wandb_internal_pb2 import Record

    data, at, whole = path.read_bytes(), HEAD, b''
    rows, uploads = [], 0
    while at + HEAD <= len(data):
        left = BLOCK - at % BLOCK
        if left < HEAD:  # padding
            at += left
            continue
        _, size, kind = struct.unpack('<IHB', data[at : at + HEAD])
        whole += data[at + HEAD : at + HEAD + size]
        at += HEAD + size
        if kind in (1, 4):  # a record, or the last piece of one
            record, whole = Record.FromString(whole), b''
            uploads += record.HasField('artifact')
            if record.HasField('history'):
                rows.append(
                    {
                        item.key or '/'.join(item.nested_key): json.loads(
                            item.value_json
                        )
                        for item in record.history.item
                    }
                )
    return rows, uploads
