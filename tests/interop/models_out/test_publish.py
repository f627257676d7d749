import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.registry import DATASETS
from mmengine.runner import Runner
from mmseg.datasets import PascalVOCDataset

from cosa_mmseg.interop.models_out import export_model, publish_model

from .samples import (
    IMAGES,
    SLIDE,
    cnn_network,
    trained_model,
    training_config,
    vit_network,
    write_training,
)

MODES = {'whole': dict(with_cam=True), 'slide': SLIDE}


@pytest.fixture(scope='module')
def stock_runs(tmp_path_factory):
    """What stock mmseg, without this package, makes of published models."""
    root = tmp_path_factory.mktemp('stock')
    for name, test_cfg in MODES.items():
        folder = root / name / 'data'
        cfg = write_training(folder, vit_network(), test_cfg=test_cfg)
        publish_model(cfg, folder / 'iter_3.pth', root / name)
    script = Path(__file__).with_name('run_stock.py')
    subprocess.run(
        [sys.executable, script, root, *MODES], check=True, cwd=root
    )
    return {
        name: (root / name, np.load(root / name / 'seen.npz'))
        for name in MODES
    }


@pytest.mark.slow
@pytest.mark.parametrize('mode', MODES)
def test_stock_mmseg_predicts_the_same_without_this_package(stock_runs, mode):
    folder, seen = stock_runs[mode]
    cfg = Config.fromfile(folder / 'data' / 'tiny.json')
    model = trained_model(cfg, folder / 'data')
    dataset = DATASETS.build(cfg.test_dataloader.dataset)
    assert len(dataset) == len(IMAGES)
    for sample, logits, label in zip(
        dataset, seen['logits'], seen['labels'], strict=True
    ):
        with torch.no_grad():
            (expected,) = model.test_step(pseudo_collate([sample]))
        logits = torch.from_numpy(logits)
        difference = (logits - expected.seg_logits.data).abs().max()
        assert difference <= 1e-6 * logits.abs().max()
        pred = expected.pred_sem_seg.data[0].numpy()
        assert len(np.unique(pred)) > 2
        assert (label == pred).all()
    assert seen['classes'].tolist() == list(
        PascalVOCDataset.METAINFO['classes']
    )
    assert seen['palette'].tolist() == PascalVOCDataset.METAINFO['palette']


@pytest.mark.slow
@pytest.mark.parametrize('mode', MODES)
def test_stock_mmseg_scores_the_same(stock_runs, mode):
    folder, seen = stock_runs[mode]
    cfg = Config.fromfile(folder / 'data' / 'tiny.json')
    cfg.update(
        work_dir=str(folder / 'cosa'),
        load_from=str(folder / 'data' / 'iter_3.pth'),
        experiment_name=mode,
    )
    cfg.model.network.backbone.init_cfg = None
    assert float(seen['mIoU']) == Runner.from_cfg(cfg).test()['mIoU']
    assert float(seen['mIoU']) > 0
    assert float(seen['mIoU_tta']) > 0


def test_the_file_holds_one_network_and_its_hash(tmp_path):
    cfg = write_training(tmp_path, vit_network())
    source = torch.load(tmp_path / 'iter_3.pth')['state_dict']
    published = publish_model(
        cfg, tmp_path / 'iter_3.pth', tmp_path / 'out', 'online'
    )
    digest = hashlib.sha256(published.checkpoint.read_bytes()).hexdigest()
    assert published.checkpoint.name == f'tiny-{digest[:8]}.pth'
    assert published.config.name == f'tiny-{digest[:8]}.py'
    loaded = torch.load(published.checkpoint, weights_only=True)
    assert loaded.keys() == {'meta', 'state_dict'}
    assert loaded['meta']['network'] == 'online'
    assert loaded['meta']['iter'] == 3
    expected = {
        name.removeprefix('online.'): tensor
        for name, tensor in source.items()
        if name.startswith(('online.backbone', 'online.decode_head'))
    }
    assert loaded['state_dict'].keys() == expected.keys()
    for name, tensor in expected.items():
        assert torch.equal(loaded['state_dict'][name], tensor)
    again = publish_model(
        cfg, tmp_path / 'iter_3.pth', tmp_path / 'again', 'online'
    )
    assert again.checkpoint.name == published.checkpoint.name
    assignment = publish_model(cfg, tmp_path / 'iter_3.pth', tmp_path / 'out')
    assert assignment.checkpoint.name != published.checkpoint.name


def test_a_published_model_says_how_many_masks_trained_it(tmp_path):
    cfg = write_training(tmp_path, cnn_network())
    path = tmp_path / 'iter_3.pth'
    published = publish_model(cfg, path, tmp_path / 'out')
    meta = torch.load(published.checkpoint, weights_only=True)['meta']
    assert 'train_masks' not in meta['dataset_meta']
    content = torch.load(path)
    content['meta']['dataset_meta'] = dict(meta['dataset_meta'], train_masks=5)
    torch.save(content, path)
    published = publish_model(cfg, path, tmp_path / 'out')
    meta = torch.load(published.checkpoint, weights_only=True)['meta']
    assert meta['dataset_meta']['train_masks'] == 5


def test_neck_and_auxiliary_heads_are_kept(tmp_path):
    head = dict(vit_network()['decode_head'], num_convs=1, in_index=0)
    neck = dict(
        type='MultiLevelNeck',
        in_channels=[16, 16],
        out_channels=12,
        scales=[1, 1],
    )
    network = vit_network(neck=neck, auxiliary_head=[head])
    cfg = write_training(tmp_path, network)
    published = publish_model(cfg, tmp_path / 'iter_3.pth', tmp_path / 'out')
    model = Config.fromfile(published.config).model
    assert model.neck == neck
    assert model.decode_head.in_channels == 12  # the neck's
    assert [h.in_channels for h in model.auxiliary_head] == [12]
    state = torch.load(published.checkpoint)['state_dict']
    assert state['auxiliary_head.0.conv_seg.weight'].shape[0] == 21


@pytest.mark.parametrize(
    ('backbone', 'module'),
    [
        (dict(type='SmallResNet', num_stages=2), 'cosa_mmseg'),
        (dict(type='TwoStageBackbone', width=8), 'tests.models.networks'),
    ],
)
def test_a_part_that_mmseg_lacks_is_imported_and_named(
    tmp_path, backbone, module
):
    if 'num_stages' in backbone:
        backbone.update(strides=(1, 2), dilations=(1, 1), out_indices=(0, 1))
    network = vit_network(backbone=backbone, channels_last=True)
    cfg = write_training(tmp_path, network)
    published = publish_model(cfg, tmp_path / 'iter_3.pth', tmp_path / 'out')
    written = Config.fromfile(published.config)
    assert written.custom_imports.imports == [module]
    (note,) = (n for n in published.notes if backbone['type'] in n)
    assert f'the config imports {module}, which must be installed' in note
    assert 'channels_last' not in written.model
    for weight in torch.load(published.checkpoint)['state_dict'].values():
        assert weight.is_contiguous()


def test_what_an_encoder_decoder_does_otherwise_is_said(tmp_path):
    cfg = write_training(
        tmp_path,
        vit_network(),
        test_cfg=dict(size_divisor=7, post_process=dict(type='DenseCRF')),
    )
    published = publish_model(cfg, tmp_path / 'iter_3.pth', tmp_path / 'out')
    starts = [note.partition(':')[0] for note in published.notes]
    assert starts == [
        'several views',
        'test_cfg.size_divisor=7',
        'test_cfg.post_process=DenseCRF',
    ]
    cfg.pop('tta_cfg')
    cfg.model.test_cfg = None
    assert not publish_model(
        cfg, tmp_path / 'iter_3.pth', tmp_path / 'out'
    ).notes


def test_another_checkpoint_is_refused(tmp_path):
    cfg = write_training(tmp_path, vit_network())
    with pytest.raises(ValueError, match='no checkpoint of the model'):
        other = training_config(tmp_path, cnn_network())
        publish_model(other, tmp_path / 'iter_3.pth', tmp_path / 'out')
    torch.save(dict(state_dict={'backbone.w': torch.ones(1)}), tmp_path / 'p')
    with pytest.raises(ValueError, match='has none of its weights, but back'):
        publish_model(cfg, tmp_path / 'p', tmp_path / 'out')
    with pytest.raises(ValueError, match="got 'both'"):
        publish_model(cfg, tmp_path / 'iter_3.pth', tmp_path / 'out', 'both')
    assert not (tmp_path / 'out').exists()


@pytest.mark.parametrize('write', [publish_model, export_model])
def test_another_forward_pass_is_refused(tmp_path, monkeypatch, write):
    """A network that is more than its parts cannot be taken apart."""
    from cosa_mmseg.models.segmentors import cam_encoder_decoder

    cfg = write_training(tmp_path, vit_network())
    forward_heads = cam_encoder_decoder.CAMEncoderDecoder.forward_heads

    def forward_mirrored(self, img):
        return forward_heads(self, img.flip(-1))

    monkeypatch.setattr(
        cam_encoder_decoder.CAMEncoderDecoder,
        'forward_heads',
        forward_mirrored,
    )
    with pytest.raises(ValueError, match='gives other logits'):
        write(cfg, tmp_path / 'iter_3.pth', tmp_path / 'out.pt2')
