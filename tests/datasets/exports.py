"""Small exports of pseudo labels, made by the tests."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from cosa_mmseg.apis.pseudo_labels.folder import PseudoLabelFolder
from cosa_mmseg.apis.pseudo_labels.summary import summarize
from cosa_mmseg.apis.pseudo_labels.whole_image import ImagePseudoLabels
from cosa_mmseg.datasets.pseudo_label import KINDS


def write_export(
    root: Path,
    labels: dict[str, np.ndarray],
    classes: Sequence[str],
    which: Sequence[str] = KINDS,
) -> Path:
    """Write an export as the tool does; both kinds of labels are the same.

    Args:
        root: The folder to write.
        labels: Class ids (H, W) by image id, 255 = ignore.
        classes: Names of the classes.
        which: Kinds of labels.
    """
    palette = [[0, 0, 0]] * len(classes)
    folder = PseudoLabelFolder(root, which, False, palette)
    folder.claim(dict(split='train', which=sorted(which)))
    for img_id, label in labels.items():
        ids = torch.from_numpy(label)
        sure = torch.ones(ids.shape)
        maps = ImagePseudoLabels(
            sure[None], torch.ones(1), ids, sure, ids, sure
        )
        folder.write(img_id, maps)
    folder.write_text('train.txt', ''.join(f'{i}\n' for i in labels))
    summary = summarize(folder, list(labels), classes, lambda img_id: None)
    folder.write_text('summary.json', json.dumps(summary))
    return root
