"""ONNX files."""

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import torch
from torch import Tensor, nn

PACKAGES = ('onnx', 'onnxscript', 'onnxruntime')
# No side is a multiple of a patch or a stride: the network pads, and resizes
# its position embedding, in the graph too, by nothing where there is nothing
# to do.
_EXAMPLE_SHAPE = (2, 3, 155, 205)


class OnnxFormat:
    """Writes and reads ONNX files.

    Attributes:
        sides (str): Which heights and widths they take.
        check_shapes (tuple): Batches to compare: sides that are multiples of
            all strides (224 is also that of a ViT's position embedding), and
            others.

    Raises:
        ImportError: If a package is missing.
    """

    sides = 'any H and W'
    check_shapes = ((1, 3, 224, 224), (3, 3, 141, 187))

    def __init__(self) -> None:
        missing = [name for name in PACKAGES if find_spec(name) is None]
        if missing:
            raise ImportError(
                f'ONNX files need {", ".join(missing)}: '
                "pip install 'cosa_mmseg[export]'"
            )

    def write(
        self, graph: nn.Module, path: Path, metadata: dict[str, str]
    ) -> None:
        """Write a module.

        Args:
            graph (nn.Module): From images to logits.
            path (Path): Where to write.
            metadata (dict[str, str]): Entries of the file's metadata.
        """
        program = torch.onnx.export(
            graph,
            (torch.zeros(_EXAMPLE_SHAPE),),
            input_names=['image'],
            output_names=['logits'],
            dynamic_shapes=dict(image={0: 'n', 2: 'height', 3: 'width'}),
            dynamo=True,
            verbose=False,
        )
        assert program is not None  # without a file name it is returned
        program.model.metadata_props.update(metadata)
        for node in program.model.graph.all_nodes():
            node.metadata_props.clear()  # traces with paths of this machine
        program.save(path)

    def read(self, path: Path) -> Callable[[Tensor], Tensor]:
        """What a file computes, in ONNX Runtime on the CPU.

        Args:
            path (Path): The file.
        """
        import onnxruntime

        session = onnxruntime.InferenceSession(
            path, providers=['CPUExecutionProvider']
        )

        def run(image: Tensor) -> Tensor:
            (logits,) = session.run(['logits'], {'image': image.numpy()})
            return torch.from_numpy(logits)

        return run
