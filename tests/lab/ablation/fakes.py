"""Tiny arms, and tools that do in milliseconds what the real ones do."""

import json

CONFIG = """
train_cfg = dict(max_iters={iterations}, total_batch_size=4)
train_dataloader = dict(batch_size=2, dataset=dict(
    data_root='{root}', ann_file='lists/train.txt'))
test_dataloader = dict(dataset=dict(
    data_root='{root}', ann_file='lists/val.txt'))
test_evaluator = [dict(type='IoUMetric')]
behaviour = '{behaviour}'
"""

# Behaviours: 'fail'; 'hang', in the middle, unless it is resumed; 'forget',
# to write the last checkpoint.
TRAIN = """
import argparse, os, sys, time
from pathlib import Path

parser = argparse.ArgumentParser()
parser.add_argument('config')
parser.add_argument('--work-dir', type=Path)
parser.add_argument('--resume', action='store_true')
parser.add_argument('--cfg-options', nargs='+')
args = parser.parse_args()
text = Path(args.config).read_text()
last = args.work_dir / 'last_checkpoint'
start = last.read_text() if args.resume and last.exists() else 'nothing'
print('from', start, args.cfg_options, os.environ['OMP_NUM_THREADS'])
if "'fail'" in text:
    print('first line', *range(20), sep='\\n')
    sys.exit('RuntimeError: out of patience')
(args.work_dir / 'iter_1.pth').touch()
last.write_text(str(args.work_dir / 'iter_1.pth'))
if "'hang'" in text and start == 'nothing':
    print('hanging', flush=True)
    time.sleep(60)
if "'forget'" not in text:
    (args.work_dir / 'iter_2.pth').touch()
    last.write_text(str(args.work_dir / 'iter_2.pth'))
"""

# The score is 10 for `val` and 20 for others, plus the seed.
TEST = """
import argparse, json
from pathlib import Path

parser = argparse.ArgumentParser()
parser.add_argument('config')
parser.add_argument('checkpoint', type=Path)
parser.add_argument('--work-dir', type=Path)
parser.add_argument('--cfg-options', nargs='+')
args = parser.parse_args()
assert args.checkpoint.name == 'iter_2.pth' and args.checkpoint.exists()
options = dict(option.split('=') for option in args.cfg_options)
split = Path(options['test_dataloader.dataset.ann_file'])
assert split.parent.name == 'lists'
score = float(options['randomness.seed']) + (10 if split.stem == 'val' else 20)
folder = args.work_dir / 'time'
folder.mkdir(parents=True)
scores = {'mIoU': score, 'context_fp': float('nan'), 'time': 3.0}
(folder / 'time.json').write_text(json.dumps(scores))
print('tested', split.stem)
"""


def write_tools(folder):
    folder.mkdir()
    (folder / 'train.py').write_text(TRAIN)
    (folder / 'test.py').write_text(TEST)
    return folder


def write_lists(root, **numbers):
    """Image lists of so many names."""
    (root / 'lists').mkdir(parents=True)
    for split, number in numbers.items():
        names = ''.join(f'{split}_{i}\n' for i in range(number))
        (root / 'lists' / f'{split}.txt').write_text(names + '\n')
    return root


def write_arms(folder, root, **arms):
    """A folder of arms; each is a dict of its settings and behaviour."""
    folder.mkdir(exist_ok=True)
    entries = {}
    for name, settings in arms.items():
        entries[name] = {'title': name.upper(), **settings}
        text = CONFIG.format(
            root=root,
            iterations=entries[name].pop('iterations', 2),
            behaviour=entries[name].pop('behaviour', ''),
        )
        (folder / f'{name}.py').write_text(text)
    (folder / 'arms.json').write_text(json.dumps(entries))
    return folder
