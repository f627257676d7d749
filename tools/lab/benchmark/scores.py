"""CPU time of predictions and of each score."""

import copy
from collections import defaultdict
from collections.abc import Callable, Sequence
from statistics import median
from time import process_time
from typing import Any

import torch
from mmengine.evaluator import Evaluator
from mmengine.structures import PixelData
from torch.nn.functional import interpolate

from cosa_mmseg.apis import CoSAInferencer

from .synthetic_images import SyntheticImages


def batches(size: Sequence[int], ori_size: Sequence[int]) -> list[dict]:
    """Return random images with masks of blocks, batches of one."""
    generator = torch.Generator().manual_seed(0)
    found = []
    for sample in SyntheticImages(21, size, ori_size):
        blocks = torch.randint(0, 21, (1, 1, 8, 10), generator=generator)
        mask = interpolate(blocks.float(), tuple(ori_size))[0].long()
        mask[:, :5] = 255
        sample['data_samples'].gt_sem_seg = PixelData(data=mask)
        found.append({name: [value] for name, value in sample.items()})
    return found


@torch.no_grad()
def measure(size: Sequence[int], ori_size: Sequence[int]) -> dict[str, float]:
    """Return seconds of CPU time for an image by part, medians."""
    options = {
        'model.test_cfg.with_cam': True,
        'model.test_cfg.post_process': None,
    }
    inferencer = CoSAInferencer('voc-small', device='cpu', cfg_options=options)
    model = inferencer.model
    evaluator = Evaluator(inferencer.cfg.test_evaluator)
    evaluator.dataset_meta = model.dataset_meta
    times = defaultdict(list)

    def timed(name: str, call: Callable, *args: Any) -> Any:
        start = process_time()
        result = call(*args)
        times[name].append(process_time() - start)
        return result

    for batch in batches(size, ori_size):
        data = copy.deepcopy(batch)
        image = model.data_preprocessor(copy.deepcopy(batch))['inputs']
        timed('forward pass', model.assignment.forward_heads, image)
        samples = timed('prediction', model.test_step, data)
        plain = [sample.to_dict() for sample in samples]
        for metric in evaluator.metrics:
            timed(type(metric).__name__, metric.process, data, plain)
    return {name: median(values) for name, values in times.items()}
