import json

import numpy as np
import pytest
import torch

from cosa_mmseg.apis.pseudo_labels.folder import PseudoLabelFolder
from cosa_mmseg.apis.pseudo_labels.summary import summarize, summary_tables
from cosa_mmseg.apis.pseudo_labels.whole_image import ImagePseudoLabels

from .samples import (
    CLASSES,
    PALETTE,
)

# two images of 2 x 4 pixels
LABEL = {
    'a': [[1, 1, 1, 255], [0, 0, 0, 0]],
    'b': [[2, 2, 255, 255], [0, 0, 0, 1]],
}
CONFIDENCE = {
    'a': [[1.0, 0.8, 0.6, 0.4], [0.2, 0.0, 0.2, 0.0]],
    'b': [[0.4, 0.4, 0.6, 0.6], [0.0, 0.2, 0.0, 1.0]],
}
MASK = {
    'a': np.array([[1, 1, 0, 1], [0, 0, 1, 255]], np.uint8),
    'b': np.array([[2, 0, 2, 2], [0, 0, 255, 3]], np.uint8),
}


@pytest.fixture
def folder(tmp_path):
    folder = PseudoLabelFolder(tmp_path, ['cam'], False, PALETTE)
    nothing = torch.zeros(2, 4)
    for img_id in LABEL:
        folder.write(
            img_id,
            ImagePseudoLabels(
                cam=nothing[:0],
                class_ids=nothing[:0, 0],
                cam_label=torch.tensor(LABEL[img_id]),
                cam_confidence=torch.tensor(CONFIDENCE[img_id]),
                seg_label=nothing,
                seg_confidence=nothing,
            ),
        )
    return folder


def test_worked_by_hand(folder):
    summary = summarize(folder, ['a', 'b'], CLASSES, MASK.get)
    assert summary['images'] == 2
    cam = summary['cam']
    assert cam['coverage'] == dict(
        foreground=37.5,  # 6 of 16
        background=43.75,  # 7
        ignored=18.75,  # 3
    )
    # of the star 1, .8, .6, 1; of the moon .4, .4
    assert cam['mean_confidence'] == pytest.approx(4.2 / 6, abs=1e-4)
    assert cam['classes'] == {
        'background': dict(share=43.75, images=2, mean_confidence=0.0857),
        'star': dict(share=25.0, images=2, mean_confidence=0.85),
        'moon': dict(share=12.5, images=1, mean_confidence=0.4),
        'sun': dict(share=0.0, images=0, mean_confidence=None),
    }
    # 14 pixels have a truth, 11 of them a label. Over these:
    # background 4 hits, 5 labelled, 6 true -> 4 / 7
    # star 2 hits, 4 labelled, 3 true -> 2 / 5
    # moon 1 hit, 2 labelled, 1 true -> 1 / 2
    # sun 0 hits, 0 labelled, 1 true -> 0
    quality = cam['quality']
    assert quality['scored_images'] == 2
    assert quality['pseudo_label_coverage'] == 78.57
    assert quality['IoU_label_filtered'] == dict(
        background=57.14, star=40.0, moon=50.0, sun=0.0
    )
    mean = 100 * (4 / 7 + 2 / 5 + 1 / 2 + 0) / 4
    assert quality['pseudo_label_mIoU_label_filtered'] == round(mean, 2)


def test_images_without_a_mask_are_not_scored(folder):
    some = dict(a=MASK['a'])
    quality = summarize(folder, ['a', 'b'], CLASSES, some.get)['cam'][
        'quality'
    ]
    assert quality['scored_images'] == 1
    # background 2 / 4, star 2 / 4; the others are neither true nor labelled
    assert quality['pseudo_label_mIoU_label_filtered'] == 50.0
    assert quality['IoU_label_filtered']['moon'] is None
    assert quality['pseudo_label_coverage'] == 85.71  # 6 of 7


def test_without_masks_there_is_no_quality(folder):
    summary = summarize(folder, ['a', 'b'], CLASSES)
    assert 'quality' not in summary['cam']
    assert 'IoU' not in summary_tables(summary)


def test_a_mask_without_a_truth_has_no_score(folder):
    void = np.full((2, 4), 255, np.uint8)
    summary = summarize(folder, ['a'], CLASSES, dict(a=void).get)
    quality = summary['cam']['quality']
    assert quality['pseudo_label_mIoU_label_filtered'] is None
    assert quality['pseudo_label_coverage'] is None
    assert 'filtered -' in summary_tables(summary)


def test_no_score_goes_by_a_name_that_hides_the_filter(folder):
    text = json.dumps(summarize(folder, ['a'], CLASSES, MASK.get))
    text += summary_tables(json.loads(text))
    assert text.count('IoU') == text.count('IoU_label_filtered') > 2


@pytest.mark.parametrize('wrong', [np.zeros((4, 2)), np.full((2, 4), 7)])
def test_a_mask_that_does_not_fit_is_named(folder, wrong):
    masks = dict(b=wrong.astype(np.uint8))
    with pytest.raises(ValueError, match="image 'b' do not fit"):
        summarize(folder, ['a', 'b'], CLASSES, masks.get)


def test_table(folder):
    text = summary_tables(summarize(folder, ['a', 'b'], CLASSES, MASK.get))
    lines = [line.replace(' ', '') for line in text.splitlines()]
    assert lines[0] == (
        'cam:2images;pixels:37.50%foreground,43.75%background,18.75%ignored'
    )
    assert '|moon|12.50|1|0.40|50.00|' in lines
    assert '|sun|0.00|0|-|0.00|' in lines
