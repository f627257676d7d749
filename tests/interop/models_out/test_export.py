import json

import pytest
import torch
from mmengine.config import Config

from cosa_mmseg.interop.models_out import (
    export,
    export_model,
    onnx_format,
    program_format,
    publish_model,
)
from cosa_mmseg.interop.models_out.export import Check, describe, make_graph
from cosa_mmseg.interop.models_out.segmentation_graph import (
    SegmentationGraph,
)
from cosa_mmseg.interop.trained import load_segmentor

from .samples import (
    SCALE,
    cnn_network,
    exports,
    trained_model,
    vit_network,
    write_training,
)

# of the ViT's position embedding, as of a training, and no multiples
SHAPES = [(1, 3, 32, 32), (2, 3, 48, 64), (4, 3, 37, 61)]


def images(shape):
    return 255 * torch.rand(shape)


@torch.no_grad()
def expected_logits(model, image):
    """Logits of the segmentor for RGB images, by its own preprocessor."""
    data = dict(inputs=[img.flip(0) for img in image])  # BGR
    inputs = model.data_preprocessor(data)['inputs']
    return model.encode_decode(inputs)


def assert_same(found, expected):
    assert found.shape == expected.shape
    assert expected.argmax(1).unique().numel() > 2
    assert (found - expected).abs().max() <= 1e-4 * expected.abs().max()


@pytest.fixture(scope='module')
def training(tmp_path_factory):
    root = tmp_path_factory.mktemp('training')
    cfg = write_training(root, vit_network())
    return root, cfg


@pytest.fixture(scope='module')
def onnx_file(training):
    for name in onnx_format.PACKAGES:
        pytest.importorskip(name)
    root, cfg = training
    checks = export_model(cfg, root / 'iter_3.pth', root / 'tiny.onnx')
    assert [check.shape[0] for check in checks] == [1, 3]
    return root / 'tiny.onnx'


@pytest.mark.slow
@exports
def test_onnx_gives_the_logits_at_any_size(training, onnx_file):
    root, cfg = training
    model = trained_model(cfg, root)
    run = onnx_format.OnnxFormat().read(onnx_file)
    for shape in SHAPES:
        image = images(shape)
        assert_same(run(image), expected_logits(model, image))


@pytest.mark.slow
@exports
def test_onnx_says_what_it_takes(onnx_file):
    import onnxruntime

    session = onnxruntime.InferenceSession(onnx_file)
    (image,), (logits,) = session.get_inputs(), session.get_outputs()
    assert (image.name, logits.name) == ('image', 'logits')
    assert image.shape == ['n', 3, 'height', 'width']
    meta = session.get_modelmeta().custom_metadata_map
    assert json.loads(meta['classes'])[12] == 'dog'
    assert json.loads(meta['std']) == pytest.approx([58.395, 57.12, 57.375])
    assert json.loads(meta['resize'])['scale'] == list(SCALE)
    assert meta['color_order'] == 'RGB'
    assert b'cosa_mmseg/' not in onnx_file.read_bytes()  # no paths


def test_a_published_model_has_the_same_graph(training, tmp_path):
    root, cfg = training
    published = publish_model(cfg, root / 'iter_3.pth', tmp_path, 'online')
    stock = Config.fromfile(published.config)
    image = images((1, 3, 40, 40))
    found = []
    for each, checkpoint, network in (
        (stock, published.checkpoint, None),
        (cfg, root / 'iter_3.pth', 'online'),
    ):
        model = load_segmentor(each, checkpoint)
        graph = make_graph(model, network)
        said = describe(model, graph, each.test_pipeline)
        found.append((graph(image), said))
    torch.testing.assert_close(*(logits for logits, _ in found))
    assert found[0][1] == found[1][1]
    for write in (export_model, publish_model):
        with pytest.raises(ValueError, match='which has no online network'):
            write(stock, published.checkpoint, tmp_path / 'a.pt2', 'online')


@exports
def test_a_program_gives_the_logits_at_any_multiple(training):
    root, cfg = training
    model = trained_model(cfg, root, network='online')
    out = root / 'tiny.pt2'
    export_model(cfg, root / 'iter_3.pth', out, 'online')
    extra = {'classes': '', 'input': ''}
    program = torch.export.load(out, extra_files=extra).module()
    for shape in [(1, 3, 32, 32), (2, 3, 64, 96)]:
        image = images(shape)
        assert_same(program(image), expected_logits(model, image))
    with pytest.raises(AssertionError, match=r'% 32 == 0'):
        program(images((1, 3, 48, 64)))
    assert json.loads(extra['classes'])[0] == 'background'
    assert 'multiples of 32' in extra['input']
    assert b'segmentation_graph.py' not in out.read_bytes()  # no paths


def test_a_network_that_sees_bgr_is_given_rgb(tmp_path):
    preprocessor = dict(
        type='TwoViewDataPreprocessor',
        mean=[10.0, 20.0, 30.0],
        std=[1.0, 2.0, 3.0],
        bgr_to_rgb=False,
    )
    cfg = write_training(
        tmp_path, cnn_network(), data_preprocessor=preprocessor
    )
    graph = make_graph(load_segmentor(cfg, tmp_path / 'iter_3.pth'))
    model = trained_model(cfg, tmp_path)
    image = images((2, 3, 32, 48))
    assert_same(graph(image), expected_logits(model, image))
    assert graph.normalization() == ([30, 20, 10], [3, 2, 1])


@exports
def test_a_file_that_disagrees_is_not_kept(training, monkeypatch):
    root, cfg = training
    out = root / 'wrong.onnx'

    def write(self, graph, path, metadata):
        path.write_text('wrong')

    monkeypatch.setattr(onnx_format, 'find_spec', lambda name: True)
    monkeypatch.setattr(onnx_format.OnnxFormat, 'write', write)
    monkeypatch.setattr(
        onnx_format.OnnxFormat,
        'read',
        lambda self, path: lambda image: torch.zeros(len(image), 21, 1, 1),
    )
    with pytest.raises(ValueError, match=r'was not written: on a batch of'):
        export_model(cfg, root / 'iter_3.pth', out)
    assert not list(root.glob('*wrong*'))
    assert not Check((1, 3, 8, 8), float('nan'), 1.0).passed
    assert Check((1, 3, 8, 8), 9e-4, 10.0).passed
    assert not Check((1, 3, 8, 8), 2e-4, 0.5).passed


@exports
def test_a_network_that_cannot_be_exported(training, monkeypatch):
    root, cfg = training
    out = root / 'windows.pt2'

    def write(self, graph, path, metadata):
        path.write_text('half of it')
        raise RuntimeError('no dynamic windows\nand a page of advice')

    monkeypatch.setattr(program_format.ProgramFormat, 'write', write)
    with pytest.raises(
        ValueError,
        match=r'windows\.pt2 was not written: .* as \.pt2 \(RuntimeError: '
        r'no dynamic windows\); perhaps it can as \.onnx$',
    ):
        export_model(cfg, root / 'iter_3.pth', out)
    assert not list(root.glob('*windows*'))


def test_what_is_missing_or_wrong_is_said(training, monkeypatch):
    root, cfg = training
    with pytest.raises(ValueError, match=r'one of \.onnx, \.pt2'):
        export_model(cfg, root / 'iter_3.pth', 'a.pth')
    monkeypatch.setattr(
        onnx_format, 'find_spec', lambda name: name != 'onnxscript' or None
    )
    with pytest.raises(ImportError, match=r'need onnxscript: pip install'):
        export_model(cfg, root / 'iter_3.pth', 'a.onnx')


def test_an_old_torch_is_said(training, monkeypatch):
    root, cfg = training
    monkeypatch.setattr(export, 'LEAST_TORCH', '99.0.0')
    with pytest.raises(ImportError, match=r'\.pt2 files need torch>=99\.'):
        export_model(cfg, root / 'iter_3.pth', root / 'old.pt2')
    assert not list(root.glob('*old*'))


def test_the_graph_is_in_evaluation_mode(training):
    root, cfg = training
    model = trained_model(cfg, root).train()
    graph = SegmentationGraph(model.online, model.data_preprocessor)
    assert not any(module.training for module in graph.modules())
