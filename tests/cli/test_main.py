import csv
import json
import re
import shutil
import subprocess
import sys
import sysconfig
from argparse import ArgumentParser
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from cosa_mmseg.apis.annotations import ANNOTATIONS
from cosa_mmseg.apis.writer import KINDS
from cosa_mmseg.cli import (
    main,
    predicting,
    prepare_shapes,
    prepare_voc,
    pseudo_labels,
    segment,
    test,
)
from cosa_mmseg.cli.main import COMMANDS
from cosa_mmseg.cli.options import TOOLS
from cosa_mmseg.datasets import pseudo_label
from cosa_mmseg.datasets.prepare import voc
from cosa_mmseg.datasets.shapes import shapes
from cosa_mmseg.evaluation.submission import FORMATS
from cosa_mmseg.utils.command import is_command
from tests.interop.models_out.samples import (
    NUM_CLASSES,
    cnn_network,
    write_training,
)
from tools.lab.photographs.ship import shipped


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    """A folder with a training: tiny.json, iter_3.pth, JPEGImages."""
    folder = tmp_path_factory.mktemp('training')
    write_training(folder, cnn_network())
    return folder


@pytest.fixture
def model(root, tmp_path, monkeypatch):
    """Config and checkpoint, called for from another folder."""
    monkeypatch.chdir(tmp_path)
    return [str(root / 'tiny.json'), str(root / 'iter_3.pth')]


def test_help_lists_the_commands(capsys):
    with pytest.raises(SystemExit) as stop:
        main(['--help'])
    assert stop.value.code == 0
    text = capsys.readouterr().out
    for name in COMMANDS:
        assert f'\n  {name} ' in text
    assert 'exit codes' in text
    with pytest.raises(SystemExit) as stop:
        main(['prepare', '-h'])
    assert stop.value.code == 0
    text = capsys.readouterr().out
    listed = [name for name in COMMANDS if f'\n  {name} ' in text]
    assert listed == [name for name in COMMANDS if name.startswith('prepare')]


def test_each_module_with_options_is_a_command():
    names = [name.replace(' ', '_').replace('-', '_') for name in COMMANDS]
    folder = Path(sys.modules[main.__module__].__file__).parent
    defining = [
        path.stem
        for path in folder.glob('*.py')
        if '\ndef add_options(' in path.read_text()
    ]
    assert sorted(names) == sorted(defining)


@pytest.mark.parametrize('name', COMMANDS)
def test_each_command_has_an_example(name, capsys):
    with pytest.raises(SystemExit) as stop:
        main([*name.split(), '--help'])
    assert stop.value.code == 0
    text = capsys.readouterr().out
    assert text.startswith(f'usage: cosa {name} ')
    assert re.search(rf'\n    cosa {name}\b', text)


# print the help of each command, and what is imported by then
HELPS = """
import sys
sys.argv = ['-m']
sys.orig_argv = ['python', '-m', 'cosa_mmseg']
from cosa_mmseg.cli.main import COMMANDS, main
for name in ['', *COMMANDS]:
    try:
        main([*name.split(), '--help'])
    except SystemExit as end:
        assert not end.code
print('modules:', *sys.modules)
"""


def test_help_waits_for_no_heavy_import():
    done = subprocess.run(
        [sys.executable, '-c', HELPS],
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = {*done.stdout.split('modules: ')[1].split()}
    assert 'cosa_mmseg.cli.replay' in loaded
    assert not loaded & {'torch', 'mmcv', 'mmseg', 'matplotlib'}


SCRIPTS = sysconfig.get_path('scripts')


@pytest.mark.parametrize(
    ('argv', 'original', 'expected'),
    [
        ([f'{SCRIPTS}/cosa', 'x'], ['python', f'{SCRIPTS}/cosa', 'x'], True),
        (['-m', 'x'], ['python', '-B', '-m', 'cosa_mmseg', 'x'], True),
        (['-m', 'x'], ['python', '-m', 'my', 'x'], False),
        (['my.py', '-m', 'cosa_mmseg'], ['python', 'my.py'], False),
        (['mine/cosa'], ['python', 'mine/cosa'], False),
        ([f'{SCRIPTS}/pytest'], ['python', f'{SCRIPTS}/pytest'], False),
        (['-c'], ['python', '-c', 'import cosa_mmseg'], False),
        ([''], ['python'], False),
    ],
)
def test_only_the_command_itself_registers_no_parts_at_once(
    argv, original, expected, monkeypatch
):
    monkeypatch.setattr(sys, 'argv', argv)
    monkeypatch.setattr(sys, 'orig_argv', original)
    assert is_command() is expected


def test_choices_are_those_of_what_is_called():
    assert {*segment.SAVED, 'cam', *TOOLS} == {*KINDS}
    assert {*TOOLS} == {*ANNOTATIONS}
    assert {*test.FORMATS} == {*FORMATS}
    assert pseudo_labels.KINDS == pseudo_label.KINDS
    assert prepare_shapes.SPLITS == shapes.SPLITS
    assert {*prepare_shapes.VOCABULARIES} == {*shapes.VOCABULARIES}
    assert prepare_voc.LABEL_SOURCES == voc.LABEL_SOURCES


@pytest.mark.parametrize(
    'args',
    [
        [],
        ['sgement'],
        ['prepare'],
        ['prepare', 'vok'],
        ['segment', 'a', '--no'],
        ['segment', 'a.py', 'a.pth', 'a.jpg', '--save', 'cam'],  # to where?
    ],
)
def test_a_wrong_command_line_is_code_2(args, capsys):
    with pytest.raises(SystemExit) as stop:
        main(args)
    assert stop.value.code == 2


def test_areas_as_tab_separated_lines(root, model, capsys):
    main(['segment', *model, str(root / 'JPEGImages' / '*.jpg')])
    printed = capsys.readouterr().out.splitlines()
    table = csv.DictReader(printed, dialect='excel-tab')
    rows = [*table]
    for name in 'ab':
        picture = str(root / f'JPEGImages/{name}.jpg')
        shares = [float(r['share']) for r in rows if r['picture'] == picture]
        assert len(shares) > 1
        assert sum(shares) == pytest.approx(1, abs=1e-4)
    assert all(int(row['pixels']) > 0 for row in rows)


def test_weights_beside_a_config_need_no_name(root, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copy(root / 'tiny.json', 'small.json')
    state = torch.load(root / 'iter_3.pth')['state_dict']
    save_file(shipped(state), 'small.safetensors')
    picture = str(root / 'JPEGImages/a.jpg')
    main(['segment', 'small.json', picture, '--out=left_out'])
    for name in ('small.safetensors', str(root / 'iter_3.pth')):
        main(['segment', 'small.json', name, picture, '--out=named'])
        maps = [
            np.asarray(Image.open(f'{out}/pred/a.png'))
            for out in ('left_out', 'named')
        ]
        # the checkpoint has more digits
        assert (maps[0] == maps[1]).mean() > 0.99
    assert not any(name.startswith('online.') for name in shipped(state))
    with pytest.raises(SystemExit):
        main(['segment', 'tiny.json', picture])
    main(['test', 'small.json', '--work-dir=scores'])
    (log,) = Path('scores').glob('*/*.json')
    assert 'mIoU' in json.loads(log.read_text())


def test_names_of_classes_reach_no_formula_and_no_long_path(
    root, model, tmp_path, capsys
):
    content = torch.load(model[1])
    names = [
        '=1+1',
        *(f'<b>{k}/../{"猫" * 180}' for k in range(1, NUM_CLASSES)),
    ]
    content['meta']['dataset_meta'] = dict(classes=names)
    torch.save(content, 'named.pth')
    args = ['--out=out', '--save', 'vis', 'cam']
    main(['segment', model[0], 'named.pth', str(root / 'JPEGImages'), *args])
    printed = capsys.readouterr().out.splitlines()
    table = csv.DictReader(printed, dialect='excel-tab')
    assert {row['class'] for row in table} <= {"'=1+1", *names[1:]}
    written = [p.parent for p in tmp_path.rglob('*.png') if p.stem[0] == '0']
    assert {*written} == {tmp_path / 'out' / 'cam' / name for name in 'ab'}


def test_json_lines_and_files(root, model, tmp_path, capsys):
    folder = str(root / 'JPEGImages')
    main(['segment', *model, folder, '--format=json', '--out=my/predicted'])
    printed = capsys.readouterr().out.splitlines()
    for name, line in zip('ab', printed, strict=True):
        path = tmp_path / f'my/predicted/areas/{name}.json'
        assert json.loads(line) == json.loads(path.read_text())
        assert (tmp_path / f'my/predicted/pred/{name}.png').is_file()


def test_a_bad_picture_is_code_1_and_the_others_are_done(root, model, capsys):
    good = str(root / 'JPEGImages/a.jpg')
    assert main(['segment', *model, 'gone.jpg', good, '--out=out']) == 1
    printed = capsys.readouterr()
    assert good in printed.out
    last = printed.err.splitlines()[-1]
    assert last == 'error: gone.jpg does not exist: check its name'


def test_the_network_that_is_named_is_asked(root, model, capsys):
    picture = str(root / 'JPEGImages/a.jpg')
    args = ['segment', *model, picture]
    printed = {}
    for name in ('assignment', 'online'):
        main([*args, f'--network={name}'])
        printed[name] = capsys.readouterr().out
        setting = f'model.test_cfg.network={name}'
        main([*args, '--cfg-options', setting])
        assert capsys.readouterr().out == printed[name]
    assert printed['assignment'] != printed['online']


def test_nothing_is_printed_of_a_call_that_cannot_be(root, model, capsys):
    picture = str(root / 'JPEGImages/a.jpg')
    with pytest.raises(SystemExit, match="no class 'unicorn'"):
        main(['segment', *model, picture, '--labels=unicorn'])
    assert capsys.readouterr().out == ''


@pytest.mark.parametrize('is_terminal', [True, False])
def test_no_bar_runs_through_results(root, model, monkeypatch, is_terminal):
    """On a terminal, where both would be on the same lines."""
    shown = []
    build = predicting.CoSAInferencer

    def record(*args, show_progress, **kwargs):
        shown.append(show_progress)
        return build(*args, show_progress=False, **kwargs)

    monkeypatch.setattr(predicting, 'CoSAInferencer', record)
    monkeypatch.setattr(sys.stdout, 'isatty', lambda: is_terminal)
    main(['segment', *model, str(root / 'JPEGImages/a.jpg')])
    assert shown == [not is_terminal]


def test_a_full_gpu_is_one_sentence(root, model, monkeypatch):
    def run_out(*args):
        raise torch.cuda.OutOfMemoryError('Tried to allocate 9 GiB.\nMore')

    monkeypatch.setattr(predicting.CoSAInferencer, 'forward', run_out)
    sentence = 'error: the GPU .* --batch-size .* allocate 9 GiB.\\)$'
    with pytest.raises(SystemExit, match=sentence):
        main(['segment', *model, str(root / 'JPEGImages/a.jpg')])


@pytest.mark.parametrize('name', COMMANDS)
def test_an_interrupted_command_is_code_130(name, monkeypatch, capsys):
    def interrupt(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(ArgumentParser, 'parse_args', interrupt)
    with pytest.raises(SystemExit) as stop:
        main(name.split())
    assert stop.value.code == 130
    assert capsys.readouterr().err == 'interrupted\n'


def test_an_interrupt_of_the_imports_is_code_130(monkeypatch, capsys):
    def interrupt(name):
        raise KeyboardInterrupt

    # most of the first seconds are imports
    monkeypatch.setattr(
        sys.modules[main.__module__], 'import_module', interrupt
    )
    with pytest.raises(SystemExit) as stop:
        main(['segment'])
    assert stop.value.code == 130
    assert capsys.readouterr().err == 'interrupted\n'


def test_a_folder_of_outputs_that_cannot_be_is_said(root, model):
    """Of a test, whose outputs begin when all is predicted."""
    out = str(root / 'tiny.json' / 'out')
    for more in ([], ['--format-only']):
        with pytest.raises(SystemExit, match='^error: .*Not a directory'):
            main(['test', *model, '--out', out, *more])


def test_labels_are_in_the_name(root, model, tmp_path):
    picture = str(root / 'JPEGImages/a.jpg')
    main(['cams', *model, picture, '--labels=cat, dog', '--out=out'])
    assert sorted(path.name for path in tmp_path.rglob('*.*')) == [
        '08_cat.png',
        '12_dog.png',
    ]
    assert (tmp_path / 'out/cam/a_label_filtered').is_dir()


@pytest.mark.parametrize(
    ('args', 'sentence'),
    [
        (['no_config', 'a.pth', 'a.jpg'], "no config 'no_config'"),
        (['cosa_shapes', 'a.pth', 'a.jpg'], 'there is no file a.pth'),
        (['cosa_shapes', 'a.pth', '*.jpg'], "'*.jpg' has no picture"),
    ],
)
def test_what_cannot_be_is_one_sentence(args, sentence, model):
    with pytest.raises(SystemExit) as stop:
        main(['segment', *args])
    assert str(stop.value).startswith(f'error: {sentence}')


def test_standard_output_is_for_results_alone(tmp_path):
    done = subprocess.run(
        [sys.executable, '-m', 'cosa_mmseg', '--version'],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith('cosa_mmseg ')
    assert len(done.stdout.splitlines()) == 1
