"""Pictures that the page offers."""

import os

from mmengine.config import Config
from mmengine.registry import DATASETS

NUM_EXAMPLES = 3


def find_examples(cfg: Config) -> list[str]:
    """Pictures of the data set that a config tests on, evenly spread.

    Args:
        cfg (Config): With ``test_dataloader``.

    Returns:
        list[str]: Paths; none where the data set is not on this machine.
    """
    try:
        dataset = DATASETS.build(dict(cfg.test_dataloader.dataset))
    except (OSError, ValueError):
        return []
    step = max(len(dataset) // NUM_EXAMPLES, 1)
    chosen = range(0, len(dataset), step)[:NUM_EXAMPLES]
    paths = [dataset.get_data_info(index)['img_path'] for index in chosen]
    return [path for path in paths if os.path.isfile(path)]
