import csv
import json
import subprocess
import sys

import pytest

from cosa_mmseg.cli import main
from cosa_mmseg.cli.main import COMMANDS
from tests.deployment.samples import cnn_network, write_training


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


@pytest.mark.parametrize('name', COMMANDS)
def test_each_command_has_an_example(name, capsys):
    with pytest.raises(SystemExit) as stop:
        main([name, '--help'])
    assert stop.value.code == 0
    text = capsys.readouterr().out
    assert text.startswith(f'usage: cosa {name} ')
    assert f'\n    cosa {name} ' in text


@pytest.mark.parametrize('args', [[], ['sgement'], ['segment', 'a', '--no']])
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
    with pytest.raises(SystemExit) as stop:
        main(['segment', *model, 'gone.jpg', good, '--out=out'])
    assert stop.value.code == 1
    printed = capsys.readouterr()
    assert good in printed.out
    last = printed.err.splitlines()[-1]
    assert last == 'error: gone.jpg does not exist: check its name'


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
