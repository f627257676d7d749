"""Programs of ``torch.export``."""

from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

DIVISOR = 32  # of the sides: no network of the usual strides has to pad
_EXAMPLE_SHAPE = (2, 3, 160, 192)


class _Multiples(nn.Module):
    """A module that refuses other sides than multiples."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, image: Tensor) -> Tensor:
        """Images to logits."""
        for side in image.shape[2:]:
            torch._check(side % DIVISOR == 0)
        return self.module(image)


class ProgramFormat:
    """Writes and reads programs of ``torch.export``.

    They refuse sides that are no multiples of 32: a ViT pads images to whole
    patches by a rounding that this format cannot hold.

    Attributes:
        sides (str): Which heights and widths they take.
        check_shapes (tuple): Batches to compare.
    """

    sides = f'H and W multiples of {DIVISOR}'
    check_shapes = ((1, 3, 224, 224), (3, 3, 128, 192))

    def write(
        self, graph: nn.Module, path: Path, metadata: dict[str, str]
    ) -> None:
        """Write a module.

        Args:
            graph (nn.Module): From images to logits.
            path (Path): Where to write.
            metadata (dict[str, str]): Extra files of the program, by name.
        """
        example = (torch.zeros(_EXAMPLE_SHAPE),)
        sizes = {axis: torch.export.Dim.DYNAMIC for axis in (0, 2, 3)}
        program = torch.export.export(graph, example, dynamic_shapes=(sizes,))
        # The module's branches on sizes (is the image of the size of the
        # position embedding?) came with guards that would refuse the other
        # branch; the branch taken is right for all, so trace once more
        # without them.
        unguarded = program.module(check_guards=False)
        program = torch.export.export(
            _Multiples(unguarded), example, dynamic_shapes=(sizes,)
        )
        for node in program.graph.nodes:
            node.meta.pop('stack_trace', None)  # paths of this machine
        torch.export.save(program, path, extra_files=metadata)

    def read(self, path: Path) -> Callable[[Tensor], Tensor]:
        """What a file computes.

        Args:
            path (Path): The file.
        """
        return torch.export.load(path).module()
