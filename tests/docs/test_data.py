"""Every command of docs/data.md, run in the order of the page.

They run in a folder with small trees of the real formats. `CONFIG` and
`CHECKPOINT` are those of a tiny network on the shapes set, and the config of
one's own pictures is cut down in the same way.
"""

import json
import re
import shlex
import shutil
import tarfile

import pytest

from cosa_mmseg.datasets.shapes.shapes import write_shapes
from tests.cli.calls import cosa
from tests.cli.test_custom_data import PICTURES, TINY, write_pictures
from tests.datasets.coco_tree import write_coco
from tests.datasets.voc_tree import write_tiny_sbd, write_tiny_voc
from tests.golden import ROOT

# what they write and say is also tested command by command
pytestmark = pytest.mark.slow

PAGE = (ROOT / 'docs' / 'data.md').read_text()
COMMANDS = [
    command
    for block in re.findall(r'```bash\n(.*?)```', PAGE, flags=re.DOTALL)
    for command in block.replace('\\\n', ' ').splitlines()
]
SHAPES = f"""
_base_ = '{ROOT / 'configs/cosa/cosa_shapes.py'}'
model = dict(
    network=dict(backbone=dict(init_cfg=None)),
    train_cfg=dict(warmup_iters=1))
optim_wrapper = dict(type='OptimWrapper')
param_scheduler = dict(warmup_iters=1)
train_cfg = dict(max_iters=2, total_batch_size=4, val_interval=2)
train_dataloader = dict(
    batch_size=4, num_workers=0, persistent_workers=False)
val_dataloader = dict(num_workers=0)
test_dataloader = dict(num_workers=0)
"""
VOC = 'data/VOCdevkit/VOC2012'
CAM_FILES = ['work_dirs/cam/cam_sweep.csv', 'work_dirs/cam/cam_sweep.png']
# Of each command: what it must have written, or what its log must say.
RESULTS = [
    [f'{VOC}/ImageSets/Segmentation/train_aug.txt', f'{VOC}/image_labels'],
    ['data/coco2014/splits/val2014.txt', 'data/coco2014/masks/val2014'],
    'number of images that show both classes',
    ['my/labels.json', 'report.json'],
    ['work_dirs/cosa_vit-b_custom/iter_2.pth'],
    ['predicted/label_maps/results'],
    'train: 0 of 8 images are bad',
    ['work_dirs/tiny/iter_2.pth'],
    'samples are drawn in work_dirs/browse',
    'online_mIoU: ',
    'mIoU: ',
    CAM_FILES,
    ['submission/results.tar.gz'],
    ['work_dirs/pseudo_labels/train.txt', 'work_dirs/pseudo_labels/cam'],
]


def run(command, *extra):
    """Run a command of the page."""
    places = {
        'cosa_vit-b_custom': 'cut_down/cosa_vit-b_custom.py',
        'CONFIG': 'tiny.py',
        'CHECKPOINT': 'work_dirs/tiny/iter_2.pth',
        'work_dirs/cosa_vit-b_custom/iter_32000.pth': (
            'work_dirs/cosa_vit-b_custom/iter_2.pth'
        ),
    }
    name, *args = shlex.split(command)
    assert name == 'cosa'
    cosa(*(places.get(arg, arg) for arg in args), *extra)


def write_archives(folder):
    """VOC's and SBD's archives, of four images."""
    voc = write_tiny_voc(folder / 'unpacked/VOCdevkit/VOC2012')
    sbd = write_tiny_sbd(folder / 'unpacked/benchmark_RELEASE/dataset')
    with tarfile.open(folder / 'VOCtrainval_11-May-2012.tar', 'w') as tar:
        tar.add(voc, 'VOCdevkit/VOC2012')
    with tarfile.open(folder / 'benchmark.tgz', 'w:gz') as tar:
        tar.add(sbd, 'benchmark_RELEASE/dataset')
    shutil.rmtree(folder / 'unpacked')


@pytest.fixture(scope='module')
def workplace(tmp_path_factory):
    folder = tmp_path_factory.mktemp('page')
    write_archives(folder)
    write_coco(folder / 'data/coco2014', imgs=True)
    write_pictures(folder)
    shutil.copytree(folder / 'my/pictures', folder / 'new/pictures')
    custom = folder / 'cut_down/cosa_vit-b_custom.py'
    custom.parent.mkdir(parents=True)
    custom.write_text(TINY)
    write_shapes(folder / 'data/shapes', num_train=8, num_eval=3, size=48)
    (folder / 'tiny.py').write_text(SHAPES)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        run('cosa train CONFIG')
    return folder


def test_each_command_has_a_result():
    assert len(COMMANDS) == len(RESULTS)


@pytest.mark.parametrize('number', range(len(RESULTS)))
def test_commands(number, workplace, monkeypatch, capfd):
    monkeypatch.chdir(workplace)
    command, result = COMMANDS[number], RESULTS[number]
    # four images are not the numbers of the real archives
    partial = ['--allow-partial'] if 'prepare voc' in command else []
    run(command, *partial)
    if isinstance(result, str):
        captured = capfd.readouterr()
        assert result in captured.out + captured.err
        return
    for path in result:
        path = workplace / path
        assert list(path.rglob('*')) if path.is_dir() else path.stat().st_size


def test_what_the_page_says_of_the_results(workplace):
    """After the commands: some of the statements beside them."""
    labels = workplace / 'data/coco2014/image_labels/train2014.json'
    assert len(json.loads(labels.read_text())) == 3
    written = (workplace / 'my/labels.json').read_text()
    assert json.loads(written) == PICTURES
    with tarfile.open(workplace / 'submission/results.tar.gz') as tar:
        names = [n for n in tar.getnames() if n.endswith('.png')]
    assert sorted(names) == [f'results/val_0000{i}.png' for i in range(3)]
