import torch

from tools.lab.photographs.confidences import BINS, count


def test_pixels_and_right_pixels_by_bin():
    confidence = torch.tensor([[0.0, 0.49, 0.5, 0.51], [1.0, 0.2, 0.9, 0.9]])
    label = torch.tensor([[1, 1, 1, 2], [2, 1, 1, 1]])
    mask = torch.tensor([[0, 1, 1, 1], [2, 0, 255, 1]])
    pixels, right = count(confidence, label, mask)
    assert len(pixels) == BINS == 20
    found = {k: (pixels[k], right[k]) for k in range(BINS) if pixels[k]}
    # .49 is taken for the background, .51 for another class; 255 is not known
    assert found == {
        0: (1, 1),
        4: (1, 1),
        9: (1, 0),
        10: (2, 1),
        18: (1, 1),
        19: (1, 1),
    }
