import numpy as np
import pytest
import torch
from mmengine.structures import LabelData, PixelData
from mmseg.structures import SegDataSample

from cosa_mmseg.visualization import draw_sample
from cosa_mmseg.visualization.browse import BOX, FRAME
from cosa_mmseg.visualization.strips import GAP, LINE
from cosa_mmseg.visualization.style import MARGIN, PAPER

CLASSES = ('background', 'cat', 'dog')
PALETTE = ((0, 0, 0), (200, 0, 0), (0, 0, 200))
SIDE = 200


def sample(box=None, mask=None, label=(0, 1)):
    """A sample of 20 x 20 pixels."""
    meta = dict(img_path='img/a.jpg', ori_shape=(30, 40), flip=True)
    if box is not None:
        meta['valid_box'] = box
    fields = SegDataSample(metainfo=meta)
    if label is not None:
        fields.gt_label = LabelData(label=torch.tensor(label).long())
    if mask is not None:
        fields.gt_sem_seg = PixelData(data=torch.from_numpy(mask)[None])
    return fields


def flat(colour, height=20, width=20):
    """A (3, H, W) BGR image of one RGB colour."""
    bgr = torch.tensor(colour[::-1], dtype=torch.uint8)
    return bgr[:, None, None].expand(3, height, width)


def draw(inputs, data_samples):
    data = dict(inputs=inputs, data_samples=data_samples)
    return draw_sample(data, CLASSES, PALETTE, side=SIDE)


WEAK, STRONG = (10, 200, 30), (250, 20, 60)
TWO = dict(weak=flat(WEAK), strong=flat(STRONG))


def test_views_side_by_side_in_their_frames():
    picture = draw(TWO, sample(box=(5, 15, 0, 20)))
    cell = SIDE + 2 * FRAME
    assert picture.shape == (
        LINE + cell + GAP + 2 * LINE,
        2 * MARGIN + 2 * cell + GAP,
        3,
    )
    top, left = LINE + FRAME, MARGIN + FRAME
    for number, colour in enumerate((WEAK, STRONG)):
        x = left + number * (cell + GAP)
        view = picture[top : top + SIDE, x : x + SIDE]
        assert (view[10:40] == colour).all()
        assert (view[50:150] == colour).all()  # the frame lies around
        assert (view[50 - FRAME : 50] == BOX).all()
        assert (view[150 : 150 + FRAME] == BOX).all()
        # beyond the view, where the box reaches its border
        middle = picture[top + 100]
        assert (middle[x - FRAME : x] == BOX).all()
        assert (middle[x + SIDE : x + SIDE + FRAME] == BOX).all()


def test_captions_name_the_labels():
    captions = {
        label: draw(TWO, sample(label=label))[-LINE:].tobytes()
        for label in ((0,), (1,), (), None)
    }
    assert len(set(captions.values())) == 4
    blank = bytes(PAPER) * (len(captions[None]) // 3)
    assert blank not in captions.values()


def test_an_evaluation_sample_has_its_mask():
    mask = np.zeros((10, 10), np.int64)
    mask[:, 5:] = 2
    picture = draw(flat((90, 90, 90)), sample(mask=mask))
    left = MARGIN + SIDE + GAP
    panel = picture[LINE:, left : left + SIDE][:SIDE]
    assert (panel[:, :90] == panel[0, 0]).all()
    assert (panel[:, 110:] == panel[0, -1]).all()
    assert panel[0, -1, 2] > panel[0, 0, 2] + 100  # blue
    # below the caption, a legend with the colour of the class
    legend = picture[LINE + SIDE + GAP + 2 * LINE :]
    assert (legend == PALETTE[2]).all(-1).any()


@pytest.mark.parametrize('size', [(50, 1), (1, 50), (3, 12_000)])
def test_extreme_images_are_drawn(size):
    mask = np.zeros(size, np.int64)
    picture = draw(flat(WEAK, *size), sample(mask=mask))
    assert max(picture.shape) < 600
    assert (picture == WEAK).all(-1).any()
