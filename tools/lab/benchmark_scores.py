r"""What the scores of a test take beside the network.

    python -m tools.lab.benchmark_scores --size 224 224

predicts and scores 16 random images with the trained network that the project
ships, as `cosa test` does, post-processing left out, and prints the CPU time
of each part as a multiple of the bare forward pass of one image.
"""

import argparse
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

import cosa_mmseg  # noqa: F401  registers this project's parts
from cosa_mmseg.apis import CoSAInferencer
from cosa_mmseg.utils.exits import exit_codes
from cosa_mmseg.utils.paths import CommandParser
from tools.lab.benchmark.synthetic_images import SyntheticImages


def parse_args(args: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line (`args`: default ``sys.argv``)."""
    parser = CommandParser(description=__doc__)
    for option, default, text in (
        ('--size', (224, 224), 'size of the images'),
        ('--ori-size', (375, 500), 'size of their masks'),
    ):
        parser.add_argument(
            option, nargs=2, type=int, default=default, help=text
        )
    return parser.parse_args(args)


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


@exit_codes(OSError, ValueError)
def main(args: Sequence[str] | None = None) -> None:
    """Measure and print, or say in one sentence why not."""
    options = parse_args(args)
    found = measure(options.size, options.ori_size)
    bare = found['forward pass']
    total = sum(found.values()) - bare  # the prediction has a forward pass
    for name, seconds in (*found.items(), ('all', total)):
        print(f'{name:24}{1e3 * seconds:8.1f} ms{seconds / bare:8.2f}')


if __name__ == '__main__':
    main()
