import numpy as np
import pytest
import torch
from PIL import Image

from cosa_mmseg.apis.pseudo_labels.folder import PseudoLabelFolder
from cosa_mmseg.apis.pseudo_labels.whole_image import ImagePseudoLabels
from cosa_mmseg.datasets.bad_files import BadFileError

from .samples import PALETTE

LABELS = ImagePseudoLabels(
    cam=torch.tensor([[[0.1, 0.75, 0.5]], [[0.0, 0.2, 1.0]]]),
    class_ids=torch.tensor([1, 3]),
    cam_label=torch.tensor([[0, 1, 255]]),
    cam_confidence=torch.tensor([[0.0, 0.2, 1.0]]),
    seg_label=torch.tensor([[3, 3, 0]]),
    seg_confidence=torch.tensor([[0.4, 0.6, 0.8]]),
)


@pytest.fixture
def folder(tmp_path):
    return PseudoLabelFolder(tmp_path / 'out', ['cam', 'seg'], True, PALETTE)


def test_what_the_files_hold(folder):
    folder.write('some/image', LABELS)
    image = Image.open(folder.root / 'cam/some/image.png')
    assert image.mode == 'P'
    assert np.array(image).tolist() == [[0, 1, 255]]
    colours = [[0, 0, 0], [250, 10, 10], [224, 224, 192]]
    assert np.array(image.convert('RGB')).tolist() == [colours]
    grey = Image.open(folder.root / 'cam_confidence/some/image.png')
    assert grey.mode == 'L'
    assert np.array(grey).tolist() == [[0, 51, 255]]
    label, values = folder.read('seg', 'some/image')
    assert label.tolist() == [[3, 3, 0]]
    assert values[0] == pytest.approx([0.4, 0.6, 0.8])
    raw = np.load(folder.root / 'cam_raw/some/image.npz')
    assert raw['cam'].dtype == np.float16
    assert raw['cam'] == pytest.approx(LABELS.cam.numpy(), abs=1e-3)
    assert raw['class_ids'].tolist() == [1, 3]


@pytest.mark.parametrize('kind', ['seg', 'seg_confidence'])
@pytest.mark.parametrize('shape', [None, (2, 3), (1, 3, 3)])
def test_a_file_that_is_not_the_exports_is_named(folder, kind, shape):
    folder.write('a', LABELS)
    path = folder.path(kind, 'a')
    path.write_bytes(b'cut')
    if shape:  # of another picture, in colours
        Image.fromarray(np.zeros(shape, np.uint8)).save(path)
    message = f'{kind}/a.png.* remove it, and the same command writes it anew'
    with pytest.raises(BadFileError, match=message):
        folder.read('seg', 'a')


def test_text_is_the_same_everywhere(folder, monkeypatch):
    monkeypatch.setattr('io.text_encoding', lambda name, *_: name or 'latin1')
    folder.write_text('train.txt', 'ü\n')
    assert (folder.root / 'train.txt').read_bytes() == 'ü\n'.encode()


def test_only_what_is_asked_for_is_written(tmp_path):
    folder = PseudoLabelFolder(tmp_path, ['seg'], False, PALETTE)
    folder.write('a', LABELS)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ['seg', 'seg_confidence']


def test_an_image_is_there_when_all_its_files_are(folder):
    assert not folder.has('a')
    folder.write('a', LABELS)
    files = [path for path in folder.root.rglob('*') if path.is_file()]
    assert len(files) == 5
    for path in files:
        assert folder.has('a')
        content = path.read_bytes()
        path.unlink()
        assert not folder.has('a')
        path.write_bytes(content)


def test_a_folder_belongs_to_one_run(folder):
    settings = dict(split='train', model=dict(head=dict(width=(3, 4))))
    folder.claim(settings)
    folder.claim(settings)
    other = dict(split='train', model=dict(head=dict(width=(3, 5))))
    with pytest.raises(
        ValueError, match=r'model.head.width is \[3, 4\] there and \[3, 5\]'
    ):
        folder.claim(other)
    with pytest.raises(ValueError, match='seed is None there and 1'):
        folder.claim(dict(settings, seed=1))
    folder.claim(settings)


def test_a_folder_of_something_else_is_left_alone(folder):
    folder.root.mkdir()
    folder.claim({})  # an empty folder will do
    (folder.root / 'manifest.json').rename(folder.root / 'thesis.tex')
    with pytest.raises(FileExistsError, match='no export of pseudo labels'):
        folder.claim({})


@pytest.mark.parametrize('which', [[], ['cam', 'cams']])
def test_unknown_kinds_are_refused(tmp_path, which):
    with pytest.raises(ValueError, match="which must name some of .'cam'"):
        PseudoLabelFolder(tmp_path, which, False, PALETTE)


def test_ids_must_fit_eight_bits(tmp_path):
    PseudoLabelFolder(tmp_path, ['cam'], False, [[0, 0, 0]] * 255)
    with pytest.raises(ValueError, match='256 classes'):
        PseudoLabelFolder(tmp_path, ['cam'], False, [[0, 0, 0]] * 256)
