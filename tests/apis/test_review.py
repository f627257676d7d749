import csv
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import MODELS
from PIL import Image

from cosa_mmseg.apis.raw_prediction import Part, RawPrediction
from cosa_mmseg.apis.review import COLUMNS, disagreement
from cosa_mmseg.cli import main
from tests.interop.models_out.samples import cnn_network, write_training

SURE = 100.0  # a logit beside 0


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    """A folder with a training: tiny.json, iter_3.pth, JPEGImages."""
    folder = tmp_path_factory.mktemp('training')
    write_training(folder, cnn_network())
    return folder


def predicted(segmentation, cam=None, cam_aux=None):
    """A prediction of (1, 4) pixels, 3 classes; class 1 is shown."""
    logits = SURE * torch.nn.functional.one_hot(torch.tensor(segmentation), 3)
    maps = dict(seg_logits=logits.T[:, None].float())
    for name, values in dict(cam=cam, cam_aux=cam_aux).items():
        if values is not None:
            maps[name] = torch.stack(
                [torch.tensor([values]), torch.ones(1, 4)]
            )
    part = Part(maps, 0, 0, torch.ones(1), torch.ones(4))
    raw = RawPrediction([part], (1, 4), scores=torch.tensor([0.9, 0.1]))
    return SimpleNamespace(raw=raw, ids=[0, 1, 2], labels=None)


def test_distances_by_hand(monkeypatch):
    monkeypatch.setattr('cosa_mmseg.apis.review.SIDE', 4)
    found = disagreement(
        predicted([0, 1, 1, 2], [0.0, 1.0, 0.5, 1.0], [0.0, 0.0, 0.5, 1.0]),
        predicted([0, 1, 2, 0]),
    )
    torch.testing.assert_close(found.networks, torch.tensor([[0.0, 0, 1, 1]]))
    # the CAM's background is what it leaves of 1; class 2 is not shown
    torch.testing.assert_close(found.cam_seg, torch.tensor([[0, 0, 0.5, 1]]))
    torch.testing.assert_close(found.cams, torch.tensor([[0, 1.0, 0, 0]]))
    expected = torch.tensor([[0, 1 / 3, 0.5, 2 / 3]])
    torch.testing.assert_close(found.map, expected)
    assert found.summary() == pytest.approx(
        dict(uncertainty=0.375, networks=0.5, cam_seg=0.375, cams=0.25)
    )


def test_classes_that_are_known_to_be_absent_have_no_say(monkeypatch):
    monkeypatch.setattr('cosa_mmseg.apis.review.SIDE', 4)
    cam = [0.0, 1.0, 1.0, 0.0]
    assignment = predicted([0, 1, 1, 0], cam, cam)
    # class 2 would win the last pixels, and is not shown
    assignment.raw.parts[0].maps['seg_logits'][2] = 2 * SURE
    assignment.ids, assignment.labels = [0, 1], ('one',)
    found = disagreement(assignment, predicted([0, 1, 0, 0]))
    torch.testing.assert_close(found.cam_seg, torch.zeros(1, 4))
    torch.testing.assert_close(found.networks, torch.tensor([[0.0, 0, 1, 0]]))


def test_a_model_without_cams_is_refused():
    one = predicted([0, 1, 1, 2])
    with pytest.raises(ValueError, match='the model has no CAMs'):
        disagreement(one, one)


def test_review_of_a_folder(root, tmp_path, capsys):
    broken = tmp_path / 'broken.jpg'
    broken.write_bytes(b'no picture')
    out = tmp_path / 'review'
    model = [str(root / 'tiny.json'), str(root / 'iter_3.pth')]
    args = [str(root / 'JPEGImages'), str(broken), f'--out={out}']
    assert main(['review', *model, *args, '--num-shown=1']) == 1
    captured = capsys.readouterr()
    assert 'broken.jpg' in captured.err
    with open(out / 'review.csv', newline='') as file:
        rows = [*csv.DictReader(file)]
    assert tuple(rows[0]) == COLUMNS
    assert [row['rank'] for row in rows] == ['1', '2']
    values = [float(row['uncertainty']) for row in rows]
    assert values[0] >= values[1]
    parts = ('networks', 'cam_seg', 'cams')
    for row, value in zip(rows, values, strict=True):
        mean = sum(float(row[name]) for name in parts) / 3
        assert value == pytest.approx(mean, abs=2e-4)
        name = row['picture'].split('/')[-1][:-4]
        (path,) = out.glob(f'uncertainty/**/{name}.png')
        grey = np.asarray(Image.open(path))
        assert grey.shape == Image.open(row['picture']).size[::-1]
        assert grey.mean() / 255 == pytest.approx(value, abs=0.02)
    # the first alone is printed and drawn
    assert captured.out.splitlines() == [
        f'1\t{values[0]:.4f}\t{rows[0]["picture"]}'
    ]
    assert Image.open(out / 'first.png').width > 3 * 224


def test_a_model_of_one_network_is_refused(root, tmp_path):
    cfg = Config.fromfile(root / 'tiny.json')
    cfg.model = cfg.model.network
    cfg.dump(tmp_path / 'stock.json')
    state = MODELS.build(cfg.model).state_dict()
    torch.save(dict(state_dict=state), tmp_path / 'stock.pth')
    model = [str(tmp_path / 'stock.json'), str(tmp_path / 'stock.pth')]
    picture = str(root / 'JPEGImages/a.jpg')
    with pytest.raises(SystemExit, match='take one of a training with CoSA'):
        main(['review', *model, picture, f'--out={tmp_path / "out"}'])


def test_a_thin_picture_leaves_room_for_others(root, tmp_path):
    Image.new('RGB', (2, 3000)).save(tmp_path / 'thin.png')
    model = [str(root / 'tiny.json'), str(root / 'iter_3.pth')]
    main(['review', *model, str(tmp_path / 'thin.png'), f'--out={tmp_path}'])
    sheet = Image.open(tmp_path / 'first.png')
    assert sheet.width > 3 * 224
    assert sheet.height < 4 * 224


def test_the_first_are_at_least_one(root, tmp_path):
    with pytest.raises(SystemExit, match='--num-shown must be 1 or more'):
        main(
            ['review', str(root / 'tiny.json'), str(root / 'iter_3.pth')]
            + [str(root), f'--out={tmp_path}', '--num-shown=0']
        )


@pytest.mark.parametrize('batch_size', [0, -1])
def test_a_batch_has_pictures(root, tmp_path, batch_size):
    with pytest.raises(SystemExit, match='batch_size must be 1 or more'):
        main(
            ['review', str(root / 'tiny.json'), str(root / 'iter_3.pth')]
            + [str(root / 'JPEGImages'), f'--out={tmp_path}']
            + [f'--batch-size={batch_size}']
        )
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize('name', ['uncertainty/a.png', 'first.png'])
def test_no_picture_is_written_over(root, tmp_path, name):
    picture = tmp_path / name
    picture.parent.mkdir(exist_ok=True)
    Image.new('RGB', (8, 8)).save(picture)
    before = picture.read_bytes()
    with pytest.raises(SystemExit, match=f'{name} is in a folder of the out'):
        main(
            ['review', str(root / 'tiny.json'), str(root / 'iter_3.pth')]
            + [str(picture), f'--out={tmp_path}']
        )
    assert picture.read_bytes() == before


def test_an_earlier_review_stays_where_no_picture_is_read(root, tmp_path):
    model = [str(root / 'tiny.json'), str(root / 'iter_3.pth')]
    out = f'--out={tmp_path / "review"}'
    assert main(['review', *model, str(root / 'JPEGImages'), out]) == 0
    before = {p: p.read_bytes() for p in tmp_path.glob('review/*.*')}
    assert len(before) == 2
    broken = tmp_path / 'broken.jpg'
    broken.write_bytes(b'no picture')
    assert main(['review', *model, str(broken), out]) == 1
    assert before == {p: p.read_bytes() for p in tmp_path.glob('review/*.*')}
