"""Pseudo labels of a split as files, and a second stage that reads them."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.dataset import pseudo_collate
from mmseg.datasets import BaseSegDataset
from PIL import Image
from pycocotools.coco import COCO

from cosa_mmseg.apis.pseudo_labels.split import build_split
from cosa_mmseg.apis.pseudo_labels.whole_image import label_images
from tests.apis.pseudo_labels.samples import (
    CLASSES,
    DUAL,
    IMAGES,
    PALETTE,
    XI,
    export_config,
    trained_model,
    write_split,
)

from .calls import cosa


@pytest.fixture
def split(tmp_path, monkeypatch):
    """Working folder with a config, a checkpoint and a data set."""
    monkeypatch.chdir(tmp_path)
    write_split(tmp_path / 'data')
    export_config(tmp_path / 'data')
    torch.save(dict(state_dict=trained_model().state_dict()), 'small.pth')
    return tmp_path


def export(out, *args):
    call = ('data/small.json', 'small.pth', f'--out={out}', *args)
    cosa('pseudo-labels', *call, '--num-workers=0')
    return {
        path.relative_to(out).as_posix(): path.read_bytes()
        for path in out.rglob('*')
        if path.is_file()
    }


def refusal(out, *args):
    """The message with which the tool ends."""
    with pytest.raises(SystemExit) as caught:
        export(out, *args)
    message = caught.value.code
    assert message.startswith('error: ')
    assert '\n' not in message
    return message


def read(path):
    return np.array(Image.open(path))


def test_files_are_what_the_assigner_gives_for_each_image(split):
    out = split / 'out'
    export(out, '--raw-cam')
    dataset = build_split(export_config(split / 'data'), 'train')
    model = trained_model()
    for index, (img_id, (size, _)) in enumerate(IMAGES.items()):
        (labels,) = label_images(model, pseudo_collate([dataset[index]]))
        for kind in ('cam', 'seg'):
            label = read(out / kind / f'{img_id}.png')
            assert label.shape == size
            assert np.array_equal(label, getattr(labels, f'{kind}_label'))
            confidence = getattr(labels, f'{kind}_confidence').numpy()
            written = read(out / f'{kind}_confidence' / f'{img_id}.png') / 255
            assert np.abs(written - confidence).max() <= 0.5 / 255 + 1e-6
        raw = np.load(out / 'cam_raw' / f'{img_id}.npz')
        np.testing.assert_allclose(raw['cam'], labels.cam, rtol=0, atol=1e-3)
        assert np.array_equal(raw['class_ids'], labels.class_ids)
    assert (out / 'train.txt').read_text().split() == list(IMAGES)
    # the checkpoint's threshold, not the config's, made the labels
    raw = np.load(out / 'cam_raw' / 'a.npz')
    assert raw['class_ids'].tolist() == [1]
    foreground, cam = read(out / 'cam' / 'a.png') == 1, raw['cam'][0]
    sure = np.abs(cam - XI) > 1e-3  # of what float16 keeps
    assert np.array_equal(foreground[sure], cam[sure] > XI)


def test_images_are_labelled_at_their_own_size(split):
    out = split / 'out'
    export_config(split / 'data', scale=(16, 16))
    export(out, '--batch-size', 3)
    for img_id, (size, _) in IMAGES.items():
        assert read(out / 'cam' / f'{img_id}.png').shape == size
        assert read(out / 'seg_confidence' / f'{img_id}.png').shape == size


def test_batches_of_images_of_several_sizes(split):
    single = export(split / 'single')
    several = export(split / 'several', '--batch-size', 4)
    assert single.keys() == several.keys()
    for name in single:
        if not name.endswith('png'):
            continue
        near = 1 if 'confidence' in name else 0
        one, other = (
            read(split / run / name).astype(int)
            for run in ('single', 'several')
        )
        assert np.abs(one - other).max() <= near


def test_an_unreadable_image_stops_the_run_which_can_go_on(split, capsys):
    whole = export(split / 'whole', '--masks=data/masks')
    image = split / 'data/JPEGImages/thin.png'
    content = image.read_bytes()
    out = split / 'out'
    args = ('--masks=data/masks', '--num-workers=1')
    for broken, reason in (
        (b'', 'is empty'),
        (b'no picture', 'is damaged'),
        (None, 'does not exist'),
    ):
        image.unlink()
        if broken is not None:
            image.write_bytes(broken)
        assert f'{image} {reason}' in refusal(out, *args)
        image.write_bytes(content)
    assert (out / 'cam/a.png').exists()
    assert not (out / 'cam/thin.png').exists()
    assert not (out / 'train.txt').exists()
    written = (out / 'cam/a.png').stat().st_mtime_ns
    (out / 'seg/b.png').unlink()  # as if cut off between two files
    assert export(out, *args) == whole
    assert (out / 'cam/a.png').stat().st_mtime_ns == written


def test_a_folder_of_another_run_is_refused(split):
    out = split / 'out'
    before = export(out, '--which', 'cam')
    assert 'which.' not in before
    assert "which is ['cam'] there and ['cam', 'seg'] now" in refusal(out)
    cam = ('--which', 'cam')
    assert 'raw_cam is False' in refusal(out, *cam, '--raw-cam')
    scales = 'model.assigner.multi_scale.scales=[1.0]'
    assert 'model.assigner.multi_scale.scales is [1.0, 0.5] there' in refusal(
        out, *cam, '--cfg-options', scales
    )
    model = trained_model()
    model.assigner.cam_labeler.threshold.xi.fill_(0.3)
    torch.save(dict(state_dict=model.state_dict()), 'small.pth')
    assert 'checkpoint_sha256 is' in refusal(out, *cam)
    after = {name: (out / name).read_bytes() for name in before}
    assert after == before


def test_masks_change_the_summary_alone(split, capsys):
    out = split / 'out'
    plain = export(out)
    assert 'IoU' not in capsys.readouterr().out
    scored = export(out, '--masks=data/masks')
    table = capsys.readouterr().out
    assert 'pseudo_label_mIoU_label_filtered' in table
    assert 'evaluation only' in table
    changed = [name for name in plain if plain[name] != scored[name]]
    assert changed == ['summary.json']
    for kind in ('cam', 'seg'):
        quality = json.loads(scored['summary.json'])[kind]['quality']
        assert quality['scored_images'] == 4
        # random masks of four classes
        assert 0 < quality['pseudo_label_mIoU_label_filtered'] < 40
    assert 'no folder of masks nowhere' in refusal(out, '--masks=nowhere')


def test_a_checkpoint_of_another_model_is_refused(split):
    other = trained_model(DUAL)  # without the state of a threshold
    torch.save(dict(state_dict=other.state_dict()), 'small.pth')
    message = refusal(split / 'out')
    assert 'small.pth is no checkpoint of the model of' in message
    assert 'assigner.cam_labeler.threshold.xi' in message
    assert not (split / 'out').exists()
    (split / 'small.pth').unlink()
    assert 'small.pth' in refusal(split / 'out')


def test_a_model_of_other_classes_is_refused(split):
    cfg = export_config(split / 'data')
    for name in ('train_dataloader', 'test_dataloader'):
        cfg[name].dataset.metainfo = dict(classes=(*CLASSES, 'comet'))
    cfg.dump('data/small.json')
    message = refusal(split / 'out')
    assert 'small.json has 4 classes' in message
    assert '5 names are known' in message


def test_a_model_without_an_assigner_is_refused(split):
    cfg = export_config(split / 'data')
    cfg.model = cfg.model.network
    cfg.dump('data/small.json')
    network = trained_model().assignment
    torch.save(dict(state_dict=network.state_dict()), 'small.pth')
    assert 'is a CAMEncoderDecoder: only CoSA' in refusal(split / 'out')


def test_a_stock_data_set_reads_images_and_labels(split):
    out = split / 'out'
    # of a mask one pixel wide mmseg's LoadAnnotations makes a vector
    names = [img_id for img_id in IMAGES if img_id != 'thin']
    (split / 'data/train.txt').write_text('\n'.join(names))
    export(out)
    for kind in ('cam', 'seg'):
        dataset = BaseSegDataset(
            data_root=str(out),
            ann_file='train.txt',
            data_prefix=dict(
                img_path=str(split / 'data/JPEGImages'), seg_map_path=kind
            ),
            img_suffix='.png',
            metainfo=dict(classes=CLASSES, palette=PALETTE),
            pipeline=[
                dict(type='LoadImageFromFile'),
                dict(type='LoadAnnotations'),
                dict(type='PackSegInputs'),
            ],
        )
        assert len(dataset) == len(names)
        for sample, img_id in zip(dataset, names, strict=True):
            label = sample['data_samples'].gt_sem_seg.data[0].numpy()
            assert label.shape == sample['inputs'].shape[1:]
            assert np.array_equal(label, read(out / kind / f'{img_id}.png'))
            image = read(split / f'data/JPEGImages/{img_id}.png')
            bgr = sample['inputs'].permute(1, 2, 0).numpy()
            assert np.array_equal(bgr[..., ::-1], image)


def test_labels_for_labelling_tools(split):
    out = split / 'out'
    before = export(out)
    written = export(out, '--save', 'coco', 'labelme')  # goes on
    assert {*written} > {*before}
    for kind in ('cam', 'seg'):
        coco = COCO(out / f'{kind}_masks/coco.json')
        ids = [Path(i['file_name']).stem for i in coco.imgs.values()]
        assert ids == [Path(img_id).name for img_id in IMAGES]
        for number, img_id in zip(coco.imgs, IMAGES, strict=True):
            label = read(out / kind / f'{img_id}.png')
            confidence = read(out / f'{kind}_confidence' / f'{img_id}.png')
            expected = {*np.unique(label).tolist()} - {0, 255}
            found = coco.imgToAnns[number]
            assert {one['category_id'] for one in found} == expected
            for one in found:
                mask = label == one['category_id']
                assert np.array_equal(coco.annToMask(one), mask)
                mean = confidence[mask].mean() / 255
                assert one['score'] == pytest.approx(mean, abs=1e-4)
            path = out / f'{kind}_masks/labelme/{img_id}.json'
            content = json.loads(path.read_text())
            assert (path.parent / content['imagePath']).is_file()
            assert len(content['shapes']) == len(found)
