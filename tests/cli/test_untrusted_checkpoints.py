"""Checkpoints that would run code, given to every tool that reads any."""

from ast import literal_eval
from functools import partial
from pathlib import Path
from threading import Thread
from urllib.error import URLError

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import MODELS, init_default_scope
from mmengine.runner import CheckpointLoader, Runner
from mmseg.visualization import SegLocalVisualizer

from cosa_mmseg.datasets.shapes import shapes as shapes_set
from cosa_mmseg.datasets.shapes.shapes import write_shapes
from cosa_mmseg.utils.checkpoint_loaders import safe_loaders
from cosa_mmseg.utils.weights import TRUST, WeightsError
from tests.golden import ROOT
from tests.payloads import KINDS, MARKER, Payload, has_run
from tests.tools.load import load_tool

from .calls import cosa

CONFIG = 'cosa/cosa_shapes.py'
DELETE = 'DELETE'
INIT = 'model.network.backbone.init_cfg'
# a step of training, on three images
SMALL = [
    *(
        f'{split}_dataloader.{setting}'
        for split in ('train', 'val', 'test')
        for setting in (
            'dataset.data_root=shapes',
            'num_workers=0',
            'persistent_workers=False',
        )
    ),
    'train_dataloader.batch_size=1',
    'train_cfg.total_batch_size=1',
    'train_cfg.max_iters=1',
    'train_cfg.val_interval=1',
    'param_scheduler.warmup_iters=0',
]
# Tool and arguments by which it reads the file; OUT is what it would write
READERS = {
    'resume': (
        'train',
        '{config} --work-dir=OUT --resume={file}',
        [*SMALL, f'{INIT}=None'],
    ),
    'load_from': (
        'train',
        '{config} --work-dir=OUT',
        [*SMALL, f'{INIT}=None', 'load_from={file}'],
    ),
    'init_cfg': (
        'train',
        '{config} --work-dir=OUT',
        [*SMALL, f'{INIT}.checkpoint={{file}}'],
    ),
    'init_cfg without prefix': (
        'train',
        '{config} --work-dir=OUT',
        [*SMALL, f'{INIT}.checkpoint={{file}}', f'{INIT}.prefix=None'],
    ),
    'demo': (
        'demo',
        '--config={config} --data-root=shapes --work-dir=OUT',
        [*SMALL, f'{INIT}.checkpoint={{file}}'],
    ),
    'test': ('test', '{config} {file} --work-dir=OUT', SMALL),
    'eval-cam': (
        'eval-cam',
        '{config} {file} --work-dir=work --out=OUT',
        SMALL,
    ),
    'pseudo-labels': (
        'pseudo-labels',
        '{config} {file} --out=OUT',
        SMALL,
    ),
    'segment': (
        'segment',
        '{config} {file} shapes/JPEGImages --out=OUT',
        SMALL,
    ),
    'cams': (
        'cams',
        '{config} {file} shapes/JPEGImages --out=OUT',
        SMALL,
    ),
    'publish': ('publish', '{config} {file} --out=OUT', SMALL),
    'export': ('export', '{config} {file} --out=OUT/a.pt2', SMALL),
    'convert': ('convert', '{file} OUT/b.pth --config={config}', SMALL),
    'benchmark_step': (
        'lab/benchmark_step',
        '{config} --synthetic --iters=1 --crop=32 --json=OUT/a.json',
        [*SMALL, f'{INIT}.checkpoint={{file}}'],
    ),
    'benchmark_inference': (
        'lab/benchmark_inference',
        '{config} {file} --synthetic --iters=1 --warmup=1 --json=OUT/a.json',
        SMALL,
    ),
}


def some_fast(names, *fast):
    """Rows of a table, but for some marked as slow: they are alike."""
    return [
        pytest.param(name, marks=[] if name in fast else [pytest.mark.slow])
        for name in names
    ]


def run(tool, *args):
    """Run a script of the lab, or a command."""
    if tool.startswith('lab/'):
        load_tool(tool).main([*args])
    else:
        cosa(tool, *args)


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """A folder with the shapes set."""
    folder = tmp_path_factory.mktemp('untrusted')
    write_shapes(folder / 'shapes', num_train=1, num_eval=1, size=48)
    return folder


@pytest.fixture
def call(folder, tmp_path, monkeypatch):
    """Calls a tool by its name in `READERS`, with a file and more options."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(TRUST, '0')
    (tmp_path / 'shapes').symlink_to(folder / 'shapes')
    # it is there
    monkeypatch.setattr(shapes_set, 'write_shapes', lambda root: None)

    def call(reader, file, *more):
        tool, args, options = READERS[reader]
        fill = partial(str.format, config=CONFIG, file=file)
        args = [fill(arg) for arg in args.split()]
        options = [fill(option) for option in options]
        run(tool, *args, *more, '--cfg-options', *options)

    return call


# those that build a runner before they read take a second: one kind is enough
RUNNERS = (
    'train',
    'test',
    'demo',
    'eval-cam',
    'lab/benchmark_step',
)
# all have one way to read: each with one kind of file, one with each kind
CASES = [
    pytest.param(
        reader,
        kind,
        marks=[pytest.mark.slow] if kind != 'zip' and tool != 'cams' else [],
    )
    for reader, (tool, *_) in READERS.items()
    for kind in KINDS
    if kind == 'zip' or tool not in RUNNERS
]


@pytest.mark.parametrize(('reader', 'kind'), CASES)
def test_code_is_refused_in_a_sentence(reader, kind, call):
    file, write = KINDS[kind]
    write(Path(file))
    with pytest.raises(SystemExit) as caught:
        call(reader, file)
    message = caught.value.code  # a text: Python prints it and exits with 1
    assert message.startswith('error: ')
    assert f'{file} ' in message
    assert '\n' not in message
    if file == 'a.pth':
        assert 'which is code and no weights' in message
        assert '--trust-checkpoint' in message
    assert not has_run()
    written = [path.suffix for path in Path('OUT').rglob('*')]
    assert not {'.pth', '.pt2', '.json', '.png', '.npz', '.csv'} & {*written}


def flip_a_bit(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save({'state_dict': {'a': torch.full((3,), 0.5)}}, path)
    content = bytearray(path.read_bytes())
    content[content.index(torch.full((3,), 0.5).numpy().tobytes())] ^= 1
    path.write_bytes(content)


def diverge(path):
    torch.save({'state_dict': {'a': torch.tensor([torch.nan])}}, path)


@pytest.mark.parametrize('reader', some_fast(READERS, 'load_from', 'segment'))
def test_damage_is_said_in_a_sentence(reader, call):
    for damage, said in (
        (flip_a_bit, 'a.pth is damaged (the check sum of '),
        (diverge, "a.pth holds NaN or infinity in 'a': "),
    ):
        damage(Path('a.pth'))
        with pytest.raises(SystemExit) as caught:
            call(reader, 'a.pth')
        message = caught.value.code
        assert message.startswith('error: ')
        assert said in message
        assert '\n' not in message
    written = [path.suffix for path in Path('OUT').rglob('*')]
    assert not {'.pth', '.pt2', '.json', '.png', '.npz', '.csv'} & {*written}


def save_model(path, **more):
    """Write a checkpoint of the config's model."""
    cfg = Config.fromfile(ROOT / 'configs' / CONFIG)
    init_default_scope('mmseg')
    model = MODELS.build(cfg.model)
    torch.save({'state_dict': model.state_dict(), **more}, path)


@pytest.mark.parametrize(
    ('reader', 'written'),
    [('test', 'OUT/*/*.json'), ('publish', 'OUT/*.pth')],
)
def test_code_is_run_if_the_user_says_so(reader, written, call):
    save_model('a.pth', x=Payload())
    call(reader, 'a.pth', '--trust-checkpoint')
    assert has_run()
    assert len(list(Path().glob(written))) == 1


def test_what_the_option_risks_is_said(capsys):
    for tool in {tool for tool, *_ in READERS.values()}:
        with pytest.raises(SystemExit):
            run(tool, '--help')
        said = ' '.join(capsys.readouterr().out.split())
        assert 'that runs code of the file, which can do all that you' in said


def test_a_config_in_a_checkpoint_is_not_run(toy_config):
    """mmengine's runner executes that of ``meta`` to read a number."""
    cosa('train', toy_config, '--work-dir=OUT')
    content = torch.load('OUT/iter_4.pth', weights_only=False)
    content['meta']['config'] = f'import os\nos.mkdir({MARKER!r})'
    torch.save(content, 'a.pth')
    longer = ('--cfg-options', 'train_cfg.max_iters=6')
    call = ('train', toy_config, '--work-dir=OUT', '--resume=a.pth')
    cosa(*call, *longer)
    assert Path('OUT/iter_6.pth').is_file()
    assert not has_run()


def fetched(path, monkeypatch):
    """Has the loader of addresses find a file."""
    monkeypatch.setattr(
        'mmengine.runner.checkpoint.load_url',
        lambda url, **kwargs: torch.load(path, weights_only=False),
    )
    with safe_loaders():
        return CheckpointLoader.load_checkpoint('https://there/a.pth')


def test_what_is_fetched_is_not_run_either(call, monkeypatch):
    KINDS['zip'][1](Path('a.pth'))
    with pytest.raises(
        WeightsError, match='^https://there/a.pth holds .*dir,'
    ):
        fetched('a.pth', monkeypatch)
    assert not has_run()
    torch.save({'meta': {'config': 'code', 'iter': 1}}, 'b.pth')
    assert fetched('b.pth', monkeypatch) == {'meta': {'iter': 1}}


def test_what_was_fetched_before_and_has_changed(call, monkeypatch):
    monkeypatch.setenv('TORCH_HOME', str(Path('home').resolve()))
    flip_a_bit(cached := Path('home/hub/checkpoints/a.pth'))
    with pytest.raises(WeightsError) as caught, safe_loaders():
        CheckpointLoader.load_checkpoint('https://there/a.pth?x=1')
    assert str(cached) in str(caught.value)
    assert 'check sum' in str(caught.value)
    assert 'delete it, and https://there/a.pth?x=1 is f' in str(caught.value)


def test_what_cannot_be_fetched(call, monkeypatch):
    def refuse(url, **kwargs):
        raise URLError('no network')

    monkeypatch.setattr('mmengine.runner.checkpoint.load_url', refuse)
    for name in ('https://there/a.pth', 'open-mmlab://resnet50_v1c'):
        sentence = f'^cannot fetch {name} .*FILE$'
        with pytest.raises(WeightsError, match=sentence), safe_loaders():
            CheckpointLoader.load_checkpoint(name)
    sentence = 'copy it to a disk'
    with pytest.raises(WeightsError, match=sentence), safe_loaders():
        CheckpointLoader.load_checkpoint('s3://there/a.pth')


STOCK = dict(
    _delete_=True,
    type='EncoderDecoder',
    backbone=dict(
        type='mmpretrain.ResNet',
        depth=18,
        init_cfg=dict(type='Pretrained', checkpoint='a.pth'),
    ),
    decode_head=dict(
        type='FCNHead', in_channels=512, channels=8, num_classes=7
    ),
)
# Settings of a run by mmengine's own runner, without our command line
NO_INIT = {f'{INIT}': None}
PLAIN_RUNS = {
    'load_from': ('train', {**NO_INIT, 'load_from': 'a.pth'}),
    'resume': ('train', {**NO_INIT, 'load_from': 'a.pth', 'resume': True}),
    'resume from the work dir': ('train', {**NO_INIT, 'resume': True}),
    'init_cfg': ('train', {f'{INIT}.checkpoint': 'a.pth'}),
    'init_cfg without prefix': (
        'train',
        {f'{INIT}.checkpoint': 'a.pth', f'{INIT}.prefix': None},
    ),
    'init_cfg of a stock model': ('train', {'model': STOCK}),
    'test': ('test', {'load_from': 'a.pth'}),
    'val': ('val', {'load_from': 'a.pth'}),
    'other hook of checkpoints': (
        'train',
        {
            **NO_INIT,
            'load_from': 'a.pth',
            'default_hooks.checkpoint.type': 'CheckpointHook',
            'default_hooks.checkpoint.on_save_error': DELETE,
        },
    ),
    'no check of their fit': (
        'test',
        {'load_from': 'a.pth', 'default_hooks.checkpoint_fit': DELETE},
    ),
}


def plain_runner(options):
    """mmengine's runner of the config with settings."""
    SegLocalVisualizer._instance_dict.clear()
    cfg = Config.fromfile(ROOT / 'configs' / CONFIG)
    small = dict(option.split('=') for option in SMALL)
    small = {
        k: v if k.endswith('root') else literal_eval(v)
        for k, v in small.items()
    }
    cfg.merge_from_dict({**small, 'work_dir': 'OUT', **options})
    hooks = cfg.default_hooks
    for name in [n for n in hooks if hooks[n] == DELETE]:
        del hooks[name]
    if hooks.checkpoint.get('on_save_error') == DELETE:
        del hooks.checkpoint['on_save_error']
    return Runner.from_cfg(cfg)


@pytest.mark.parametrize(
    'name', some_fast(PLAIN_RUNS, 'resume', 'init_cfg', 'test')
)
def test_mmengines_runner_runs_no_code_of_our_configs(name, call):
    method, options = PLAIN_RUNS[name]
    kind = 'getattr' if name == 'load_from' else 'zip'
    KINDS[kind][1](Path('a.pth'))
    Path('OUT').mkdir()
    Path('OUT/last_checkpoint').write_text('a.pth')
    loaders = CheckpointLoader._schemes
    runner = plain_runner(options)
    with pytest.raises(WeightsError, match='^a.pth holds .* is code'):
        getattr(runner, method)()
    assert not has_run()
    # those of another model in this process
    assert CheckpointLoader._schemes is loaders
    assert mmengines_own(loaders)


def mmengines_own(loaders):
    """Whether loaders are those of mmengine."""
    return {loader.__module__ for loader in loaders.values()} == {
        'mmengine.runner.checkpoint'
    }


def test_a_model_of_ours_runs_no_code_of_its_pretrained_weights(call):
    cfg = Config.fromfile(ROOT / 'configs' / CONFIG)
    init_default_scope('mmseg')
    KINDS['zip'][1](Path('a.pth'))
    pretrained = dict(type='Pretrained', checkpoint='a.pth')
    cfg.model.network.backbone.init_cfg = pretrained
    network = cfg.model.network
    for settings in (cfg.model, network, network.backbone):
        with pytest.raises(WeightsError, match='is code and no weights'):
            MODELS.build(settings).init_weights()
    assert not has_run()
    assert mmengines_own(CheckpointLoader._schemes)


def test_other_models_keep_the_loaders_of_mmengine(call):
    KINDS['zip'][1](Path('a.pth'))
    with pytest.raises(WeightsError), safe_loaders(), safe_loaders():
        CheckpointLoader.load_checkpoint('a.pth')
    assert not has_run()
    assert mmengines_own(CheckpointLoader._schemes)
    find = CheckpointLoader._get_checkpoint_loader
    assert find('s3://there/a.pth').__name__ == 'load_from_ceph'
    CheckpointLoader.load_checkpoint('a.pth')
    assert has_run()  # as mmengine does


def test_a_thread_does_not_end_the_protection_of_another():
    def enter_and_leave():
        with safe_loaders():
            pass

    with safe_loaders():
        other = Thread(target=enter_and_leave)
        other.start()
        other.join(0.05)
        assert not mmengines_own(CheckpointLoader._schemes)
    other.join()
    assert mmengines_own(CheckpointLoader._schemes)


def test_each_config_has_the_hooks_that_protect_a_run():
    found = [
        Config.fromfile(path, import_custom_modules=False).default_hooks
        for path in (ROOT / 'configs').rglob('*.py')
        if '_base_' not in path.parts
    ]
    assert len(found) > 30
    hooks = {(h.checkpoint.type, h.checkpoint_fit.type) for h in found}
    assert hooks == {('SafeCheckpointHook', 'CheckpointFitHook')}
