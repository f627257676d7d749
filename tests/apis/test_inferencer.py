import json
import shutil

import cv2
import mmcv
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import INFERENCERS, MODELS
from mmseg.structures import SegDataSample
from PIL import Image

from cosa_mmseg.apis import CoSAInferencer
from cosa_mmseg.apis import tiles as tiles_module
from cosa_mmseg.datasets import BadFileError
from cosa_mmseg.interop.models_out import publish_model
from tests.interop.models_out.samples import (
    SIZE,
    cnn_network,
    trained_model,
    write_training,
)


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    """A folder with a training: tiny.json, iter_3.pth, JPEGImages."""
    folder = tmp_path_factory.mktemp('training')
    write_training(folder, cnn_network())
    return folder


@pytest.fixture(scope='module')
def infer(root):
    return build(root)


def build(root, **kwargs):
    return CoSAInferencer(root / 'tiny.json', root / 'iter_3.pth', **kwargs)


def picture(root, name='a'):
    return str(root / f'JPEGImages/{name}.jpg')


def assert_same_labels(found, expected, logits):
    """Another batch size or program may decide ties in another way."""
    best, second = logits.topk(2, dim=0).values
    sure = (best - second > 1e-4).numpy()
    assert sure.mean() > 0.9
    np.testing.assert_array_equal(found[sure], expected[sure])


def test_predictions_are_those_of_a_test(root, infer):
    cfg = infer.cfg
    model = trained_model(cfg, root, with_cam=True)
    results = infer([picture(root, n) for n in 'ab'], batch_size=2)
    assert results['errors'] == []
    samples = infer(str(root / 'JPEGImages'), return_datasamples=True)
    for name, label_map, areas, sample in zip(
        'ab', results['predictions'], results['areas'], samples, strict=True
    ):
        data = infer.pipeline(picture(root, name))
        batch = {key: [value] for key, value in data.items()}
        (expected,) = model.test_step(batch)
        pred = expected.pred_sem_seg.data[0].numpy()
        assert label_map.shape == SIZE
        assert_same_labels(label_map, pred, expected.seg_logits.data)
        assert isinstance(sample, SegDataSample)
        for field in ('seg_logits', 'pred_sem_seg', 'pred_cam'):
            torch.testing.assert_close(
                sample.get(field).data,
                expected.get(field).data,
                rtol=0,
                atol=1e-5,
            )
        torch.testing.assert_close(
            sample.pred_label.score,
            expected.pred_label.score,
            rtol=0,
            atol=1e-5,
        )
        scores = [c['score'] for c in areas['classes'].values()]
        assert scores[0] is None
        probs = expected.pred_label.score.tolist()
        assert scores[1:] == pytest.approx(probs, abs=1e-5)


@pytest.mark.parametrize('max_side', [None, 24])
def test_a_refined_prediction_is_that_of_a_test(root, max_side):
    refine = dict(type='DenseCRF', max_side=max_side)
    infer = build(root, cfg_options={'model.test_cfg.post_process': refine})
    data = infer.pipeline(picture(root))
    model = trained_model(infer.cfg, root, post_process=refine)
    (expected,) = model.test_step({key: [data[key]] for key in data})
    logits = expected.seg_logits.data
    pred = expected.pred_sem_seg.data[0].numpy()
    sample = infer(picture(root), return_datasamples=True)
    label_map = infer(picture(root))['predictions']
    assert_same_labels(label_map, pred, logits)
    assert_same_labels(sample.pred_sem_seg.data[0].numpy(), pred, logits)
    torch.testing.assert_close(
        sample.seg_logits.data.exp(),
        expected.seg_logits.data.exp(),
        rtol=0,
        atol=1e-4,
    )


def test_the_precision_is_that_of_a_test(root, infer, tmp_path):
    half = build(root, cfg_options={'test_cfg': {'fp16': True}})
    assert half.autocast().fast_dtype == torch.bfloat16
    model = trained_model(half.cfg, root, with_cam=True)
    sample, plain = (
        each(picture(root), return_datasamples=True, out_dir=tmp_path)
        for each in (half, infer)
    )
    data = {key: [x] for key, x in half.pipeline(picture(root)).items()}
    with torch.autocast('cpu', torch.bfloat16):
        (expected,) = model.test_step(data)
    logits = sample.seg_logits.data
    assert torch.equal(logits, expected.seg_logits.data)
    assert logits.dtype == torch.float32
    assert not torch.equal(logits, plain.seg_logits.data)


@pytest.mark.parametrize('tile_size', [None, 32])
def test_the_network_that_is_named_is_asked(root, infer, tile_size):
    """Against a model whose settings say which one, whatever they are."""
    asked = {}
    for other, name in (('online', 'assignment'), ('both', 'online')):
        options = {'model.test_cfg.network': name}
        plain = build(root, cfg_options=options, tile_size=tile_size)
        options = {'model.test_cfg.network': other}
        named = build(root, cfg_options=options, tile_size=tile_size)
        asked[name] = named(picture(root), with_cam=True, network=name)
        expected = plain(picture(root), with_cam=True)
        for key in ('predictions', 'cams', 'areas'):
            np.testing.assert_equal(asked[name][key], expected[key])
    first, second = (result['predictions'] for result in asked.values())
    assert (first != second).any()
    with pytest.raises(ValueError, match="assignment, online, got 'both'"):
        infer(picture(root), network='both')


def test_options_override_a_config_that_is_at_hand(root, infer):
    options = {'model.test_cfg.network': 'online'}
    built = CoSAInferencer(infer.cfg, root / 'iter_3.pth', cfg_options=options)
    assert built.model.predictor is built.model.online
    assert 'network' not in infer.cfg.model.test_cfg


@pytest.mark.parametrize('device', ['nonsense', 'cuda:99'])
def test_a_device_that_is_not_there_is_said(root, device):
    with pytest.raises(ValueError, match=f"^device '{device}' cannot be used"):
        build(root, device=device)


def test_a_list_gives_lists(root, infer):
    """Also where one of its pictures is left; which one is said."""
    names = [picture(root), str(root / 'gone.jpg')]
    results = infer(names, with_cam=True)
    assert results['pictures'] == names[:1]
    assert [m.shape for m in results['predictions']] == [SIZE]
    assert len(results['cams']) == len(results['areas']) == 1
    (error,) = results['errors']
    assert 'gone.jpg' in error
    assert infer(names[0])['pictures'] == names[0]
    assert isinstance(infer(names[:1], return_datasamples=True), list)


@pytest.mark.parametrize('labels', ['cat', [], [['cat'], ['dog']]])
def test_labels_are_a_list_of_names(root, infer, labels):
    with pytest.raises(ValueError, match='labels must be a list of class na'):
        infer(picture(root), labels=labels)


def test_arguments_are_checked_at_once(infer):
    with pytest.raises(ValueError, match='batch_size must be 1 or more'):
        infer.predict([], batch_size=0)


def test_it_is_registered(root):
    kwargs = dict(model=root / 'tiny.json', weights=root / 'iter_3.pth')
    built = INFERENCERS.build(dict(type='CoSAInferencer', **kwargs))
    assert built.classes[:2] == ['background', 'aeroplane']


def test_files_say_what_the_result_says(root, infer, tmp_path):
    results = infer(
        picture(root),
        out_dir=tmp_path,
        save=('pred', 'vis', 'areas', 'cam'),
        return_vis=True,
        with_cam=True,
    )
    with Image.open(tmp_path / 'pred/a.png') as png:
        assert png.mode == 'P'
        assert np.array_equal(np.asarray(png), results['predictions'])
        colours = np.asarray(png.convert('RGB'))
    palette = np.array(infer.palette)
    assert np.array_equal(colours, palette[results['predictions']])
    overlay = np.asarray(Image.open(tmp_path / 'vis/a.png'))
    assert np.array_equal(overlay, results['visualization'])

    areas = json.loads((tmp_path / 'areas/a.json').read_text())
    assert areas == results['areas']
    assert (areas['width'], areas['height']) == SIZE[::-1]
    shares = [c['share'] for c in areas['classes'].values()]
    assert sum(shares) == pytest.approx(1)
    pixels = [c['pixels'] for c in areas['classes'].values()]
    counted = np.bincount(results['predictions'].ravel(), minlength=21)
    assert pixels == counted.tolist()

    heats = sorted(path.name for path in tmp_path.glob('cam/a/*'))
    shown = [
        f'{i:02d}_{name}.png'
        for i, (name, c) in enumerate(areas['classes'].items())
        if i and c['score'] >= 0.5
    ]
    assert heats == shown != []
    assert results['cams'].shape == (20, *SIZE)
    assert not list(tmp_path.rglob('.*'))


def test_known_labels_only_remove_classes(root, infer, tmp_path):
    free = infer(picture(root))
    kept = free['predictions'][0, 0], *np.unique(free['predictions'])[-2:]
    labels = [infer.classes[id_] for id_ in {*kept} - {0}]
    known = infer(picture(root), labels=labels, out_dir=tmp_path)
    allowed = {0, *(infer.classes.index(name) for name in labels)}
    assert set(np.unique(known['predictions'])) <= allowed
    stays = np.isin(free['predictions'], [*allowed])
    assert np.array_equal(
        known['predictions'][stays], free['predictions'][stays]
    )
    assert 0 < stays.mean() < 1
    assert sorted(p.name for p in tmp_path.rglob('*.*')) == [
        'a_label_filtered.json',
        'a_label_filtered.png',
        'a_label_filtered.png',
    ]
    areas = known['areas']
    assert areas['label_filtered'] == labels
    assert [*areas['classes']] == [infer.classes[i] for i in sorted(allowed)]
    with pytest.raises(ValueError, match="no class 'unicorn'; labels may na"):
        infer(picture(root), labels=['unicorn'])


def test_arrays_give_what_files_give(root, infer):
    image = mmcv.imread(picture(root))
    assert np.array_equal(
        infer([image, image])['predictions'][1],
        infer(picture(root))['predictions'],
    )


def test_pictures_of_several_sizes_and_bad_ones(root, infer, tmp_path):
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (90, 33, 3)).astype(np.uint8)
    shutil.copy(picture(root), tmp_path / '1.jpg')
    (tmp_path / '2.png').write_bytes(b'no picture')
    Image.fromarray(pixels).save(tmp_path / '3.png')
    results = infer(str(tmp_path), batch_size=4)
    shapes = [p.shape for p in results['predictions']]
    assert shapes == [SIZE, (90, 33)]
    (error,) = results['errors']
    assert error.startswith(f'{tmp_path}/2.png is damaged or no image')
    with pytest.warns(UserWarning, match='2.png is damaged or no image'):
        samples = infer(str(tmp_path), return_datasamples=True)
    assert len(samples) == 2
    with pytest.raises(BadFileError, match='gone.png does not exist'):
        infer('gone.png')


def test_large_inputs_are_seen_in_tiles(root, monkeypatch):
    monkeypatch.setattr(tiles_module, 'USUAL_TILE', 32)
    infer = build(root)
    assert infer(picture(root))['areas']['tile_size'] is None
    monkeypatch.setattr(tiles_module, 'MOST_PIXELS', 1000)
    results = infer(picture(root))
    assert results['areas']['tile_size'] == 32
    chosen = build(root, tile_size=32)(picture(root))
    assert np.array_equal(chosen['predictions'], results['predictions'])
    with pytest.raises(ValueError, match='multiple of 4, .* got 30$'):
        build(root, tile_size=30)


def test_what_cannot_be_saved_is_said(root, infer, tmp_path):
    with pytest.raises(ValueError, match=r"pred, .* cam, .*, got \['preds'\]"):
        infer(picture(root), out_dir=tmp_path, save=['preds'])
    assert not [*tmp_path.iterdir()]


def test_no_input_is_written_over(root, infer, tmp_path):
    (tmp_path / 'pred').mkdir()
    shutil.copy(picture(root), tmp_path / 'pred/a.png')
    before = (tmp_path / 'pred/a.png').read_bytes()
    with pytest.raises(ValueError, match='pred/a.png is in a folder of the o'):
        infer(str(tmp_path / 'pred/a.png'), out_dir=tmp_path)
    assert (tmp_path / 'pred/a.png').read_bytes() == before


def test_frames_of_a_video(infer, root, tmp_path):
    path = str(tmp_path / 'clip.mp4')
    writer = cv2.VideoWriter(
        path, cv2.VideoWriter.fourcc(*'mp4v'), 5, SIZE[::-1]
    )
    frame = mmcv.imread(picture(root))
    for _ in range(3):
        writer.write(frame)
    writer.release()
    out = tmp_path / 'out'
    results = infer(path, out_dir=out, labels=['cat'], batch_size=2)
    assert len(results['predictions']) == 3
    written = sorted(p.relative_to(out).as_posix() for p in out.rglob('*.*'))
    frames = [f'clip/{i:06d}_label_filtered' for i in range(3)]
    assert written == [
        *(f'areas/{name}.json' for name in frames),
        *(f'pred/{name}.png' for name in frames),
        'vis/clip_label_filtered.mp4',
    ]
    film = mmcv.VideoReader(str(out / written[-1]))
    assert (len(film), film.fps, film.resolution) == (3, 5, SIZE[::-1])

    (tmp_path / 'bad.mp4').write_bytes(b'no video')
    with pytest.raises(BadFileError, match='bad.mp4 is damaged or no video'):
        infer(str(tmp_path / 'bad.mp4'))


def test_a_published_model_of_stock_mmseg(root, infer, tmp_path):
    published = publish_model(infer.cfg, root / 'iter_3.pth', tmp_path)
    stock = CoSAInferencer(published.config, published.checkpoint)
    results = stock(picture(root), with_cam=True)
    assert results['cams'] is None
    assert results['areas']['classes']['cat']['score'] is None
    ours = infer(picture(root), return_datasamples=True)
    assert_same_labels(
        results['predictions'],
        ours.pred_sem_seg.data[0].numpy(),
        ours.seg_logits.data,
    )
    with pytest.raises(ValueError, match='the model has no CAMs'):
        stock(picture(root), out_dir=tmp_path, save=['cam'])
    with pytest.raises(ValueError, match='EncoderDecoder, .* no online netw'):
        stock(picture(root), network='online')
    tiled = CoSAInferencer(
        published.config, published.checkpoint, tile_size=32
    )
    assert tiled(picture(root))['predictions'].shape == SIZE


def test_a_checkpoint_of_another_model_is_refused(root, tmp_path):
    torch.save(dict(state_dict=dict(a=torch.ones(1))), tmp_path / 'other.pth')
    with pytest.raises(ValueError, match='other.pth is no checkpoint of the'):
        CoSAInferencer(root / 'tiny.json', tmp_path / 'other.pth')


def test_one_map_for_two_classes_is_refused(root, infer, tmp_path):
    """mmseg's binary models, whose maps are no logits of classes."""
    published = publish_model(infer.cfg, root / 'iter_3.pth', tmp_path)
    cfg = Config.fromfile(published.config)
    cfg.model.decode_head.update(
        num_classes=2,
        out_channels=1,
        threshold=0.3,
        loss_decode=dict(type='CrossEntropyLoss', use_sigmoid=True),
    )
    state = MODELS.build(cfg.model).state_dict()
    meta = dict(classes=['no', 'yes'], palette=[[0, 0, 0], [255, 0, 0]])
    content = dict(state_dict=state, meta=dict(dataset_meta=meta))
    torch.save(content, tmp_path / 'binary.pth')
    with pytest.raises(ValueError, match='gives 1 maps for 2 classes'):
        CoSAInferencer(cfg, tmp_path / 'binary.pth')


@pytest.mark.parametrize(
    ('meta', 'message'),
    [
        ({'dataset_meta': {'classes': 3}}, 'classes must be a list of names'),
        ({'dataset_meta': {'classes': ['a', 'a', 'b']}}, "first is 'a'"),
        ({'dataset_meta': ['a']}, 'must be a dict'),
        ({'dataset_meta': {'classes': ['a', 'b']}}, '2 names are known'),
    ],
)
def test_what_a_checkpoint_says_of_its_classes_is_checked(
    root, tmp_path, meta, message
):
    content = torch.load(root / 'iter_3.pth', weights_only=False)
    torch.save(content | dict(meta=meta), tmp_path / 'a.pth')
    with pytest.raises(ValueError, match=message):
        CoSAInferencer(root / 'tiny.json', tmp_path / 'a.pth')


@pytest.mark.parametrize('meta', [None, 'text', {}, {'dataset_meta': None}])
def test_without_names_they_are_those_of_the_config(root, tmp_path, meta):
    content = torch.load(root / 'iter_3.pth', weights_only=False)
    torch.save(content | dict(meta=meta), tmp_path / 'a.pth')
    found = CoSAInferencer(root / 'tiny.json', tmp_path / 'a.pth')
    assert len(found.classes) == found.model.num_classes
