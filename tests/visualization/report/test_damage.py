"""Work dirs that a disk, a kill or an editor has damaged."""

import json
import os
from pathlib import Path

import pytest

from cosa_mmseg.visualization.report import (
    page,
    read_training,
    write_report,
)

from .folders import (
    train_row,
    val_row,
    write_run,
)

INFO = dict(
    command='python train.py',
    versions=dict(torch='2.99'),
    max_iters=200,
    finished=True,
)
CONFUSION = dict(iteration=200, classes=['a', 'b'], matrix=[[9, 1], [5, 5]])
LOG, IMAGE = 'vis_data/scalars.json', 'vis_data/vis_image/watch_cat_200.png'


def write(content):
    """Put bytes, or JSON of a value, in the place of a file."""
    if not isinstance(content, bytes):
        content = json.dumps(content).encode()
    return lambda path: path.write_bytes(content)


def add(line):
    return lambda path: path.write_bytes(path.read_bytes() + line)


def make_folder(path):
    path.unlink()
    path.mkdir()


def make_pipe(path):
    path.unlink()
    os.mkfifo(path)


def link_to_itself(path):
    path.unlink()
    path.symlink_to(path.name)


def cut(path):
    path.write_bytes(path.read_bytes()[:40])


def flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)


NO_FILE = (make_folder, make_pipe, link_to_itself)
ANY = (*NO_FILE, cut, flip, write(b'\xff\xfe\0'), write(b'[' * 9999))
ROW = b'{"step": 210, "iter": 210, "loss": %s}'
# file and what happens to it, all of which is said
SAID = [
    *((LOG, damage) for damage in (*ANY, write([1]), write('x'), write({}))),
    *((LOG, add(ROW % value)) for value in (b'"a"', b'[1]', b'null', b'true')),
    *((LOG, add(ROW % (digit * 400))) for digit in (b'9', b'-1')),
    (LOG, add(b'{"step": "5", "loss": 1}')),
    (LOG, add(b'{"step": -5, "loss": 1}')),
    (LOG, add(b'{"step": 1e5, "loss": 1}')),
    (LOG, add(b'{"step": 1%s, "loss": 1}' % (b'0' * 30))),
    (LOG, add(b'{"loss": "\xff"}')),
    *(('run.json', damage) for damage in ANY),
    *(('run.json', write(value)) for value in ([1], 'x', 5, True)),
    *(
        ('run.json', write(INFO | {key: value}))
        for key, value in dict(
            versions=['torch'],
            command=5,
            max_iters='many',
            skipped='3',
            finished='yes',
        ).items()
    ),
    *(('confusion.json', damage) for damage in ANY),
    *(('confusion.json', write(value)) for value in ([1], 'x', 5, {'a': 1})),
    *(
        ('confusion.json', write(CONFUSION | {key: value}))
        for key, value in [
            ('classes', ['a']),
            ('classes', 'ab'),
            ('classes', [1, 2]),
            ('matrix', [[1, 2], [3]]),
            ('matrix', [['a', 1], [1, 1]]),
            ('matrix', [[-1, 1], [1, 1]]),
            ('matrix', [[float('nan'), 1], [1, 1]]),
            ('matrix', [[1e300, 1], [1, 1]]),
            ('matrix', []),
            ('matrix', 7),
            ('iteration', 'last'),
        ]
    ),
    *(('vis_data/config.py', damage) for damage in NO_FILE),
]
# what a page shows as it is, or has a place for
SHOWN = [
    (LOG, add(ROW % b'NaN')),
    (LOG, add(ROW % b'Infinity')),
    (LOG, add(ROW % b'1e99')),
    (LOG, add(ROW % b'5e-324')),
    (LOG, add(ROW % b'-1e99')),
    (LOG, add(b'{"step": 9007199254740992, "mIoU": 1e99, "iter": 1}')),
    (LOG, add(b'{"step": 0, "\\ud800<b>": 1, "a_loss": 1}')),
    (LOG, write(b'')),
    ('run.json', write(INFO | dict(skipped=3))),
    ('run.json', write(INFO | dict(command='\ud800\0\x1b[31m'))),
    ('run.json', write(dict(finished=True, seed=[1], device=None))),
    ('confusion.json', write(CONFUSION | dict(matrix=[[0, 0], [0, 0]]))),
    ('vis_data/config.py', write(b'\xff(\0')),
    *((IMAGE, damage) for damage in ANY),
]


@pytest.fixture
def work_dir(tmp_path):
    """Two runs of a training, the second of which will be damaged."""
    write_run(tmp_path, '1', [train_row(50), val_row(50)], info=INFO)
    rows = [train_row(200), val_row(200)]
    run = write_run(tmp_path, '2', rows, dict(cat=[200]), INFO, CONFUSION)
    (run / 'vis_data' / 'config.py').write_text('a = 1')
    return tmp_path


@pytest.mark.parametrize(('name', 'damage'), SAID)
def test_what_is_left_out_is_said(work_dir, name, damage, caplog, monkeypatch):
    monkeypatch.setattr(page, 'draw_chart', lambda *args: None)  # is slow
    damage(path := work_dir / '2' / name)
    html = write_report(work_dir).read_text()
    (said,) = caplog.messages
    assert said.startswith('left out of the report: ')
    assert str(path) in said
    assert said.isprintable()
    assert 'Left out: ' in html
    assert html.endswith('</html>\n')
    assert (50, 1.5) in read_training(work_dir).series('loss')


@pytest.mark.parametrize(('name', 'damage'), SHOWN)
def test_what_a_page_has_a_place_for(work_dir, name, damage, caplog):
    damage(work_dir / '2' / name)
    html = write_report(work_dir).read_text()
    assert caplog.messages == []
    assert html.endswith('</html>\n')


@pytest.mark.parametrize('name', ['file', 'loop', 'broken'])
def test_what_else_is_in_a_work_dir(work_dir, name, caplog):
    path = work_dir / name
    if name == 'file':
        path.touch()
    else:
        path.symlink_to(name if name == 'loop' else 'nowhere')
    write_report(work_dir)
    assert caplog.messages == []


def test_folders_in_the_place_of_others(work_dir):
    """A file, or a link to itself, where the pictures and the log are."""
    for folder in ('vis_data/vis_image', 'vis_data'):
        path = work_dir / '2' / folder
        path.rename(Path(str(work_dir) + path.name))
        path.symlink_to(path.name)
        record = read_training(work_dir)
        assert len(record.runs) == 2
        assert record.pictures == {}
