import numpy as np
import pytest
import torch
from PIL import Image

from cosa_mmseg.visualization import GalleryRow, draw_gallery, save_gallery
from cosa_mmseg.visualization.gallery import COLUMNS
from cosa_mmseg.visualization.strips import GAP, LINE
from cosa_mmseg.visualization.style import HATCH, MARGIN, PAPER

CLASSES = ('background', 'cat', 'dog')
PALETTE = ((0, 0, 0), (200, 0, 0), (0, 0, 200))
WIDTH = 60
LEFT, TOP = MARGIN, 2 * LINE


def make_row(**changes):
    """An image of 40 x 60 whose left half is a cat and right half ignored."""
    label_map = np.ones((20, 30), np.uint8)
    label_map[:, 15:] = 255
    cam = np.zeros((2, 10, 15), np.float32)
    cam[0, :, :7] = 1
    cam[1, :, 7:] = 1
    content = {
        'image_id': '2007_000032',
        'image': np.full((40, 60, 3), 128, np.uint8),
        'labels': (0,),
        'truth': label_map,
        'cam': cam,
        'cpl': label_map,
        'spl': label_map,
        'prediction': np.zeros((40, 60), np.int64),
    }
    return GalleryRow(**{**content, **changes})


def draw(*rows):
    return draw_gallery(rows, CLASSES, PALETTE, width=WIDTH)


def cell(picture, column, height=40):
    """The picture of the first row in the column of that number."""
    left = LEFT + column * (WIDTH + GAP)
    return picture[TOP : TOP + height, left : left + WIDTH]


def test_shape():
    one, two = draw(make_row()), draw(make_row(), make_row())
    assert one.dtype == np.uint8
    width = 2 * MARGIN + len(COLUMNS) * (WIDTH + GAP) - GAP
    assert one.shape[1:] == two.shape[1:] == (width, 3)
    assert two.shape[0] - one.shape[0] == 2 * LINE + 40 + GAP


def test_height_follows_each_image():
    tall = make_row(image=np.zeros((120, 60, 3), np.uint8))
    assert len(draw(tall)) - len(draw(make_row())) == 80


def test_image_is_shown_as_it_is():
    assert (cell(draw(make_row()), 0) == 128).all()


def test_label_maps_in_palette_colours_and_ignored_pixels_hatched():
    picture = draw(make_row())
    for name in ('truth', 'cpl', 'spl'):
        panel = cell(picture, COLUMNS.index(name)).astype(int)
        cat, ignored = panel[:, :30], panel[:, 30:]
        blend = 0.75 * np.array(PALETTE[1]) + 0.25 * 128
        assert abs(cat - blend).max() <= 1
        colours = {tuple(colour) for colour in ignored.reshape(-1, 3)}
        assert colours == set(HATCH)
    background = cell(picture, COLUMNS.index('prediction'))
    assert (background == 32).all()


def test_cam_is_the_maximum_over_the_labels_in_jet():
    column = COLUMNS.index('cam')
    left, right = np.s_[:, 5:15], np.s_[:, 45:55]
    panel = cell(draw(make_row()), column).astype(int)
    assert (panel[left][..., 0] > panel[left][..., 2]).all()  # red: high
    assert (panel[right][..., 0] < panel[right][..., 2]).all()  # blue: low
    both = cell(draw(make_row(labels=(0, 1))), column).astype(int)
    assert (both[left] == both[right]).all()
    none = cell(draw(make_row(labels=())), column).astype(int)
    assert (none[left] == panel[right]).all()


def test_tensors_are_taken_too():
    row = make_row()
    tensors = {
        name: torch.from_numpy(getattr(row, name))
        for name in ('image', 'truth', 'cam', 'prediction')
    }
    tensors['labels'] = torch.tensor([0])
    assert (draw(make_row(**tensors)) == draw(row)).all()


def test_columns_without_a_picture_are_left_out():
    bare, whole = make_row(truth=None, spl=None), make_row()
    narrower = draw(whole).shape[1] - draw(bare).shape[1]
    assert narrower == 2 * (WIDTH + GAP)
    # another row has a truth: the column stays, this place is empty
    picture = draw(bare, whole)
    assert (cell(picture, COLUMNS.index('truth')) == PAPER).all()
    assert (cell(picture, COLUMNS.index('prediction')) == 32).all()


@pytest.mark.parametrize('image_id', ['Größe_Ωμ_шар', '図', 'a' * 500, ''])
def test_any_image_id(image_id):
    named, plain = draw(make_row(image_id=image_id)), draw(make_row())
    assert named.shape == plain.shape
    caption = named[:LINE]
    assert (caption[:, :MARGIN] == PAPER).all()
    assert (caption[:, -MARGIN:] == PAPER).all()
    written = caption[:, : named.shape[1] // 2]
    assert (written != 255).any() == bool(image_id)


def test_legend_names_what_is_shown_and_wraps():
    wide = draw(make_row())
    legend = wide[TOP + 40 + GAP :].reshape(-1, 3).tolist()
    assert list(PALETTE[1]) in legend
    assert list(PALETTE[2]) not in legend
    narrow = draw(make_row(cam=None, cpl=None, spl=None, prediction=None))
    assert len(narrow) > len(wide)


def test_save(tmp_path):
    path = tmp_path / 'new folder' / 'gallery.png'
    save_gallery(path, [make_row()], CLASSES, PALETTE)
    saved = np.asarray(Image.open(path))
    assert (saved == draw_gallery([make_row()], CLASSES, PALETTE)).all()


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        ({'image': np.zeros((3, 40, 60), np.uint8)}, r'\(3, 40, 60\) uint8'),
        ({'image': np.zeros((40, 60, 3))}, r'\(40, 60, 3\) float64'),
        ({'truth': np.zeros((1, 40, 60), int)}, r'is \(1, 40, 60\)'),
        ({'truth': np.full((40, 60), 7)}, r'ids \[7\] have no colour'),
    ],
)
def test_refuses_what_cannot_be_drawn(changes, message):
    with pytest.raises(ValueError, match=message):
        draw(make_row(**changes))


def test_refuses_no_row_and_a_missing_colour():
    with pytest.raises(ValueError, match='at least one row'):
        draw()
    with pytest.raises(ValueError, match='3 classes, but 2 palette colours'):
        draw_gallery([make_row()], CLASSES, PALETTE[:2])
