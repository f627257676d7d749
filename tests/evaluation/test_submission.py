import json
import os
import sys
import tarfile
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.multiprocessing as mp
from mmengine.dataset import DefaultSampler
from mmengine.evaluator import Evaluator
from mmseg.datasets import PascalVOCDataset
from PIL import Image
from torchvision.models import detection

from cosa_mmseg.datasets.coco import COCO_CLASSES
from cosa_mmseg.evaluation import SubmissionFormatter
from cosa_mmseg.evaluation.submission import format_for
from cosa_mmseg.evaluation.submission_files import (
    COCO_CATEGORY_IDS,
    SubmissionError,
    check_label_map,
)
from cosa_mmseg.utils.label_map import write_label_map
from cosa_mmseg.utils.lock import LOCK
from tests.locks import held_elsewhere

MAPS = {
    'voc': 'results/VOC2012/Segmentation/comp6_test_cls',
    'coco-json': 'results',
    'png': 'results',
}
NUM_CLASSES = {'voc': 21, 'coco-json': 81, 'png': 4}


@pytest.fixture(autouse=True)
def in_tmp_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def prediction(number, file_format='voc'):
    """An image file and its prediction: no mask, no label."""
    size = (6 + number, 9)  # (H, W)
    path = Path('images') / f'some_{number:04}.jpg'
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        Image.new('RGB', size[::-1]).save(path)
    generator = torch.Generator().manual_seed(number)
    pred = torch.randint(
        NUM_CLASSES[file_format], (1, *size), generator=generator
    )
    return {'img_path': str(path), 'pred_sem_seg': {'data': pred}}


def build(file_format='voc', folder='out', **kwargs):
    metric = SubmissionFormatter(folder, file_format, **kwargs)
    metric.dataset_meta = {'classes': ['x'] * NUM_CLASSES[file_format]}
    return metric


def pack(samples, file_format='voc', folder='out', batch_size=2):
    metric = build(file_format, folder)
    for start in range(0, len(samples), batch_size):
        metric.process({}, samples[start : start + batch_size])
    return metric.evaluate(len(samples))


def files(folder='out'):
    """Relative paths of the files below a folder, sorted."""
    found = (path for path in Path(folder).rglob('*') if path.is_file())
    names = (path.relative_to(folder).as_posix() for path in found)
    return sorted(name for name in names if name != LOCK)


def test_two_tests_do_not_mix_their_label_maps():
    samples = [prediction(i, 'png') for i in range(2)]
    pack(samples, 'png')
    packed = Path('out/results.tar.gz').read_bytes()
    with held_elsewhere(Path('out')) as process:
        other = f'out is in use by process {process.pid} '
        with pytest.raises(BlockingIOError, match=other):
            pack(samples[:1], 'png')
    assert Path('out/results.tar.gz').read_bytes() == packed
    pack(samples[:1], 'png')
    assert len(files()) == 2


@pytest.mark.parametrize('file_format', ['voc', 'png'])
def test_label_maps_are_packed(file_format):
    samples = [prediction(i, file_format) for i in range(3)]
    assert pack(samples, file_format) == {}
    names = [f'{MAPS[file_format]}/some_{i:04}.png' for i in range(3)]
    assert files() == sorted([*names, 'results.tar.gz'])
    with tarfile.open('out/results.tar.gz') as tar:
        assert tar.getnames() == names
        tar.extractall('unpacked', filter='data')
    for name, sample in zip(names, samples, strict=True):
        image = Image.open(Path('unpacked', name))
        assert image.mode == 'P'
        colours = np.reshape(image.getpalette(), (-1, 3))[:21]
        assert (colours == PascalVOCDataset.METAINFO['palette']).all()
        pred = sample['pred_sem_seg']['data'][0].numpy()
        assert np.array_equal(np.asarray(image), pred)


def test_coco_json_decodes_to_the_label_maps():
    coco = pytest.importorskip('pycocotools.coco')
    mask = pytest.importorskip('pycocotools.mask')
    samples = [prediction(i, 'coco-json') for i in range(3)]
    samples[2]['pred_sem_seg']['data'].zero_()  # nothing but background
    pack(samples, 'coco-json')
    assert files() == [
        'results.json',
        *(f'results/some_{i:04}.png' for i in range(3)),
    ]
    truth = coco.COCO()
    truth.dataset = {
        'images': [{'id': i} for i in range(3)],
        'categories': [{'id': i} for i in COCO_CATEGORY_IDS],
    }
    truth.createIndex()
    result = truth.loadRes('out/results.json')
    for number, sample in enumerate(samples):
        pred = sample['pred_sem_seg']['data'][0].numpy()
        decoded = np.zeros_like(pred)
        for entry in result.imgToAnns[number]:
            class_id = COCO_CATEGORY_IDS.index(entry['category_id']) + 1
            decoded += class_id * mask.decode(entry['segmentation'])
        assert np.array_equal(decoded, pred)


def test_coco_category_ids_are_those_of_the_classes():
    weights = detection.FasterRCNN_ResNet50_FPN_Weights.COCO_V1
    names = weights.meta['categories']  # by category id
    found = tuple(names[category_id] for category_id in COCO_CATEGORY_IDS)
    assert found == COCO_CLASSES[1:]


def test_sub_folders_keep_images_of_one_name_apart():
    samples = []
    for folder in ('cat', 'more/dog'):
        sample = prediction(0, 'png')
        path = Path('images', folder, 'same.jpg')
        path.parent.mkdir(parents=True)
        Path(sample['img_path']).rename(path)
        img_id = f'{folder}/same.jpg'  # with suffix or without
        samples.append({**sample, 'img_path': str(path), 'img_id': img_id})
    for _ in range(2):  # the second run replaces the first
        pack(samples, 'png')
    names = ['results/cat/same.png', 'results/more/dog/same.png']
    assert files() == ['results.tar.gz', *names]


@pytest.mark.parametrize('folder', ['../', '/', 'more/../../'])
def test_nothing_is_written_outside_the_folder(folder, tmp_path):
    folder = str(tmp_path) + '/' if folder == '/' else folder
    pack([{**prediction(0, 'png'), 'img_id': f'{folder}some_0000'}], 'png')
    assert files() == ['results.tar.gz', 'results/some_0000.png']
    assert files('images') == ['some_0000.jpg']
    assert sorted(os.listdir()) == ['images', 'out']


def test_no_mask_and_no_label_is_read():
    sample = prediction(0)
    pack([sample])
    Path('out').rename('first')
    pack([{**sample, 'gt_label': 'not read', 'gt_sem_seg': 'not read'}])
    path = f'{MAPS["voc"]}/some_0000.png'
    assert Path('first', path).read_bytes() == Path('out', path).read_bytes()


def test_run_replaces_the_older_one():
    pack([prediction(i) for i in range(4)])
    leftovers = ['.k2_x.gz', f'{MAPS["voc"]}/.x81.png']  # of a killed run
    for name in leftovers:
        Path('out', name).touch()
    metric = build()
    assert len(files()) == 4 + 1 + 2  # not before there is a prediction
    sample = prediction(1)
    sample['pred_sem_seg']['data'][:] = 7
    metric.process({}, [sample])
    assert files() == [f'{MAPS["voc"]}/some_0001.png']  # and no package
    metric.evaluate(1)
    with tarfile.open('out/results.tar.gz') as tar:
        (name,) = tar.getnames()
        assert (np.asarray(Image.open(tar.extractfile(name))) == 7).all()


def test_second_evaluation_of_one_object_starts_anew():
    evaluator = Evaluator(build('png'))
    for number in range(2):
        evaluator.process([prediction(number, 'png')])
        evaluator.evaluate(1)
    assert files() == ['results.tar.gz', 'results/some_0001.png']


@pytest.mark.parametrize('file_format', ['voc', 'coco-json'])
def test_interrupted_packing_leaves_no_package(file_format, monkeypatch):
    pytest.importorskip('pycocotools')
    metric = build(file_format)
    metric.process({}, [prediction(i, file_format) for i in range(3)])

    def interrupt(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(tarfile.TarFile, 'addfile', interrupt)
    monkeypatch.setattr(json, 'dumps', interrupt)
    with pytest.raises(KeyboardInterrupt):
        metric.evaluate(3)
    assert len(files()) == 3


def _run_rank(rank, folder, size):
    """One process of a test whose sampler pads the last batch."""
    torch.set_num_threads(1)  # a forked process has no thread pool
    os.chdir(folder)
    torch.distributed.init_process_group(
        'gloo', f'file://{folder}/init', rank=rank, world_size=2
    )
    for first in (0, 1):  # the second run replaces the first
        metric = build(collect_dir=f'{folder}/collected')
        samples = range(first, size)
        for index in DefaultSampler(samples, shuffle=False):
            metric.process({}, [prediction(samples[index])])
        metric.evaluate(len(samples))
    torch.distributed.destroy_process_group()


@pytest.mark.ddp
def test_two_processes_write_each_image_once(tmp_path):
    for number in range(6):
        prediction(number)  # its image
    arguments = (str(tmp_path), 6)
    mp.start_processes(_run_rank, arguments, nprocs=2, start_method='fork')
    names = [f'{MAPS["voc"]}/some_{i:04}.png' for i in range(1, 6)]
    assert files() == ['results.tar.gz', *names]
    with tarfile.open('out/results.tar.gz') as tar:
        assert tar.getnames() == names


@pytest.mark.parametrize(
    ('other', 'named'),
    [
        ('out', 'out'),
        ('out/notes.txt', 'out/notes.txt'),
        ('out/results/map.png', 'out/results/map.png'),
        (f'out/{MAPS["voc"]}/list.txt', f'out/{MAPS["voc"]}/list.txt'),
        ('out/results.json', 'out/results.json'),
    ],
)
def test_refuses_folder_with_other_files(other, named):
    Path(other).parent.mkdir(parents=True, exist_ok=True)
    Path(other).write_text('mine')
    with pytest.raises(SubmissionError, match=f'^{named} is no file of the'):
        build()
    assert Path(other).read_text() == 'mine'


def test_refuses_number_of_classes_and_keeps_the_older_package():
    pack([prediction(0)])
    metric = build()
    metric.dataset_meta = {'classes': ['x'] * 7}
    message = 'voc is for 21 classes .* the data set has 7: choose another'
    with pytest.raises(SubmissionError, match=message):
        metric.process({}, [prediction(0)])
    assert 'results.tar.gz' in files()


def test_refuses_prediction_of_other_size():
    sample = prediction(0)
    Image.new('RGB', (6, 9)).save(sample['img_path'])  # on its side
    message = r'some_0000.png has 9 x 6 pixels, .*some_0000.jpg 6 x 9'
    with pytest.raises(SubmissionError, match=message):
        pack([sample])


@pytest.mark.parametrize('size', [(9, 6), (6, 9)])
def test_image_may_be_turned_upright_or_not(size):
    sample = prediction(0)  # 9 x 6 pixels
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees to view
    Image.new('RGB', size).save(sample['img_path'], exif=exif)
    pack([sample])


def test_refuses_class_id_that_is_none():
    sample = prediction(0)
    sample['pred_sem_seg']['data'][0, 0, 0] = 21
    with pytest.raises(SubmissionError, match='mode P and ids up to 21, but'):
        pack([sample])


def test_refuses_label_map_without_palette():
    sample = prediction(0)
    ids = sample['pred_sem_seg']['data'][0].numpy().astype(np.uint8)
    Image.fromarray(ids).save('map.png')
    message = 'map.png has mode L .* must have mode P'
    with pytest.raises(SubmissionError, match=message):
        check_label_map(Path('map.png'), Path(sample['img_path']), 21)
    write_label_map(Path('map.png'), ids)
    check_label_map(Path('map.png'), Path(sample['img_path']), 21)


def test_refuses_image_that_is_listed_twice():
    samples = [prediction(i) for i in (0, 1, 0)]
    message = r"id.s. more than once, such as 'some_0000': .*, and rename"
    with pytest.raises(SubmissionError, match=message):
        pack(samples)
    assert 'results.tar.gz' not in files()


def test_refuses_to_pack_with_an_image_missing():
    metric = build()
    metric.process({}, [prediction(0)])
    with pytest.raises(SubmissionError, match='1 of 2 images were predicted'):
        metric.evaluate(2)
    assert 'results.tar.gz' not in files()


def test_refuses_files_that_came_or_went():
    metric = build('png')
    metric.process({}, [prediction(i, 'png') for i in range(2)])
    Path('out/results/some_0000.png').rename('out/results/other.png')
    message = r"lacks \['some_0000.png'\] and has \['other.png'\] besides"
    with pytest.raises(SubmissionError, match=message):
        metric.evaluate(2)
    assert 'results.tar.gz' not in files()


def test_refuses_image_without_number_for_coco():
    pytest.importorskip('pycocotools')
    sample = prediction(0, 'coco-json')
    Path(sample['img_path']).rename('images/cat.jpg')
    sample['img_path'] = 'images/cat.jpg'
    with pytest.raises(SubmissionError, match="a number, .* 'cat'"):
        pack([sample], 'coco-json')


def test_says_what_to_install_for_coco(monkeypatch):
    monkeypatch.setitem(sys.modules, 'pycocotools', None)
    with pytest.raises(SubmissionError, match='pip install .*coco'):
        build('coco-json')
    build('png')


def test_refuses_unknown_format():
    with pytest.raises(SubmissionError, match="voc, coco-json, png, got 'x'"):
        SubmissionFormatter('out', 'x')


def test_format_follows_the_data_set():
    assert format_for(dict(type='VOCImageLabelDataset')) == 'voc'
    assert format_for(dict(type='COCOImageLabelDataset')) == 'coco-json'
    assert format_for(dict(type='ImageLabelDataset')) == 'png'
    own = dict(classes=('background', 'boat'))
    assert format_for(dict(type='VOCImageLabelDataset', metainfo=own)) == 'png'
