import pytest
from mmengine.config import Config

from tools.lab.ablation import (
    Arm,
    document,
    split_table,
)
from tools.lab.ablation.table import (
    difference_cell,
    mean_cell,
)

ARMS = [
    Arm('plain', 'CoSA', 'plain.py', Config()),
    Arm('raw', '+ RAW', 'raw.py', Config(), baseline='plain'),
    Arm('cam', 'classes', 'cam.py', Config(), 'cam_mIoU_best', 'plain'),
    Arm('masks', 'masks', 'masks.py', Config()),
]


def result(**scores):
    return {
        'iterations': 2200,
        'batch': 16,
        'images': {'train': 1800, 'val': 200},
        'scores': {'val': scores},
        'seconds': {'train': 900.0, 'test': 60.0},
        'starts': 1,
        'device': 'CPU, 1 thread a run',
        'versions': {'python': '3.11', 'torch': '2.1'},
    }


@pytest.fixture
def results():
    found = {}
    for seed, (plain, raw) in enumerate([(60.0, 61.0), (62, 64), (64, 67)]):
        cam = dict(cam_mIoU_best=50.04, cam_context_fp=8.0)
        context = dict(context_fp=10.0 + seed, context_class_IoU=30.0)
        found['plain', seed] = result(mIoU=plain, **cam, **context)
        found['raw', seed] = result(mIoU=raw, **cam, **context)
        found['cam', seed] = result(mIoU=2.0, **cam, **context)
    found['masks', 0] = result(mIoU=85.0, context_fp=None)
    return found


def cells(table, row):
    return [cell.strip() for cell in table.splitlines()[row].split('|')[1:-1]]


def test_table_of_a_split(results):
    table = split_table(ARMS, results, 'val')
    assert cells(table, 0) == [
        '',
        'arm',
        'n',
        'score',
        'difference',
        'CAM mIoU',
        'context FP',
        'CAM context FP',
        'context class IoU',
    ]
    assert cells(table, 1) == ['---'] * 9
    assert cells(table, 2) == [
        '1',
        'CoSA (`plain`)',
        '3',
        '62.0 ± 2.0',
        '-',
        '50.0 ± 0.0',
        '11.0 ± 1.0',
        '8.0 ± 0.0',
        '30.0 ± 0.0',
    ]
    # differences 1, 2, 3: 2 +- 4.302653 / sqrt(3)
    assert cells(table, 3)[3:5] == [
        '64.0 ± 3.0',
        '+2.0 [-0.5, +4.5] to 1 (n = 3)',
    ]
    # judged by its CAM: no segmentation, and the difference is CAM to mIoU
    assert cells(table, 4)[3:] == [
        '50.0 ± 0.0 (`cam_mIoU_best`)',
        '-12.0 [-16.9, -7.0] to 1 (n = 3)',
        '50.0 ± 0.0',
        '-',
        '8.0 ± 0.0',
        '-',
    ]
    # no CAM; a share that was NaN; one seed
    assert cells(table, 5)[2:] == ['1', '85.0', '-', '-', '-', '-', '-']


def test_only_seeds_of_both_arms_are_paired():
    cell = difference_cell({0: 5.0, 2: 9.0, 3: 1.0}, {1: 0.0, 3: 2.5}, 4)
    assert cell == '-1.5 to 4 (n = 1)'
    assert difference_cell({0: 5.0}, {1: 5.0}, 1) == '-'
    assert difference_cell({0: 5.0, 1: 5}, {0: 5.01, 1: 5.01}, 1) == (
        '+0.0 [+0.0, +0.0] to 1 (n = 2)'
    )


def test_cells_of_few_values():
    assert mean_cell([]) == '-'
    assert mean_cell([3.14]) == '3.1'
    assert mean_cell([1.0, 2.0]) == '1.5 ± 0.7'


def test_document(results):
    del results['raw', 1]
    results['plain', 0]['starts'] = 2
    results['plain', 0]['versions']['torch'] = '2.2'
    text = document(ARMS[:3], [0, 1, 2], ['val', 'tune'], results, 'run it')
    assert '```bash\nrun it\n```' in text
    for fact in (
        '- 2200 iterations of 16 images a run, from 1800 training images\n',
        '- seeds 0, 1, 2\n',
        # 9 of 960 s
        '- 9 runs, 2.4 hours in sum over the runs, evaluation included (CPU, '
        '1 thread a run); 1 of them were cut off and resumed\n',
        '- python 3.11, torch 2.2 or 2.1\n',
        'Without results (not finished, or the config has changed since): '
        '`raw` seed 1.\n',
        '## `val` (200 images)\n',
    ):
        assert fact in text
    assert text.endswith('no such score.\n')
