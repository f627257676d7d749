"""Pictures that the page offers."""

import cv2
import numpy as np
from mmengine.config import Config
from mmengine.registry import DATASETS

from cosa_mmseg.datasets.transforms.random_non_empty_resize import (
    NonEmptyResize,
)

NUM_EXAMPLES = 3
SIDE = 128  # at most, of the small pictures, pixels


def find_examples(cfg: Config) -> dict[str, np.ndarray]:
    """Find pictures of the data set that a config tests on, evenly spread.

    Args:
        cfg (Config): With ``test_dataloader``.

    Returns:
        dict[str, np.ndarray]: From paths to small pictures, uint8 (h, w, 3),
        RGB; none where the data set is not on this machine.
    """
    try:
        dataset = DATASETS.build(dict(cfg.test_dataloader.dataset))
    except (OSError, ValueError):
        return {}
    step = max(len(dataset) // NUM_EXAMPLES, 1)
    resize = NonEmptyResize(scale=(SIDE, SIDE), keep_ratio=True)
    examples = {}
    for index in range(0, len(dataset), step)[:NUM_EXAMPLES]:
        path = dataset.get_data_info(index)['img_path']
        image = cv2.imread(path)  # upright, as the network gets it
        if image is not None:
            small = resize(dict(img=image))['img']
            examples[path] = np.ascontiguousarray(small[..., ::-1])
    return examples
