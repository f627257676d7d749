"""Records of a running step, to dump it if it fails."""

from typing import Any

import torch
from torch import Tensor, nn

from .dump import StepDump
from .tensors import tensors_in


class StepRecord:
    """The start of a step: its batch, random numbers and buffers.

    Parameters change in the optimiser's step alone and are not kept; buffers
    (running statistics, queues, thresholds) change in the forward pass.

    Args:
        model (nn.Module): In training mode.
    """

    def __init__(self, model: nn.Module) -> None:
        self.model = model
        self._live = {
            f'{prefix}.{name}' if prefix else name: buffer
            for prefix, module in model.named_modules()
            if module.training
            for name, buffer in module.named_buffers(recurse=False)
        }
        self._kept = {k: torch.empty_like(v) for k, v in self._live.items()}
        self._args: tuple = ()
        self._kwargs: dict[str, Any] = {}
        self._random: dict[str, Tensor] = {}

    def start(self, args: tuple, kwargs: dict[str, Any]) -> None:
        """Keep what a forward pass starts from.

        Args:
            args (tuple): Of the model.
            kwargs (dict): Of the model.
        """
        self._args, self._kwargs = args, kwargs
        self._random = {'cpu': torch.get_rng_state()}
        if torch.cuda.is_available():
            self._random['cuda'] = torch.cuda.get_rng_state()
        by_type: dict[torch.dtype, list[str]] = {}
        for name, buffer in self._live.items():
            by_type.setdefault(buffer.dtype, []).append(name)
        for names in by_type.values():  # at once on a GPU
            torch._foreach_copy_(
                [self._kept[name] for name in names],
                [self._live[name] for name in names],
            )

    def forget(self) -> None:
        """Let go of the batch."""
        self._args, self._kwargs = (), {}

    @property
    def images(self) -> list[str]:
        """list[str]: Files of the batch; what has no file is counted."""
        samples = self._kwargs.get('data_samples')
        if not samples:
            views = next(tensors_in([self._args, self._kwargs]), ())
            samples = [None] * len(views)
        return [
            getattr(sample, 'img_path', f'number {i} of the batch')
            for i, sample in enumerate(samples)
        ]

    def dump(self, **rest: Any) -> StepDump:
        """Return the step; to be written at once, as it shares memory.

        Args:
            **rest: Attributes of :class:`StepDump` beside ``images``,
                ``state``, ``call`` and ``random``.
        """
        state = dict(self.model.state_dict())
        state.update(
            (name, kept) for name, kept in self._kept.items() if name in state
        )
        return StepDump(
            images=self.images,
            state=state,
            call=dict(args=self._args, kwargs=self._kwargs),
            random=self._random,
            **rest,
        )
