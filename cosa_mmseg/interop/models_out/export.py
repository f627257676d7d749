"""A network as a file for other runtimes, checked against PyTorch."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.utils import digit_version
from mmseg.models.segmentors import BaseSegmentor, EncoderDecoder
from torch import Tensor

from cosa_mmseg.interop.trained import check_network, load_segmentor
from cosa_mmseg.models.segmentors.dual_stream import DualStreamSegmentor
from cosa_mmseg.utils.atomic import atomic_file

from .onnx_format import OnnxFormat
from .program_format import ProgramFormat
from .segmentation_graph import SegmentationGraph, check_same_logits
from .stock_data import resize_position

FORMATS: dict[str, type[OnnxFormat] | type[ProgramFormat]] = {
    '.onnx': OnnxFormat,
    '.pt2': ProgramFormat,
}
LEAST_TORCH = '2.9.0'  # whose exporters take modules with branches on sizes
TOLERANCE = 1e-4  # of the largest logit, or of 1 where all are smaller


@dataclass(frozen=True)
class Check:
    """How far an exported file is from PyTorch on a random batch.

    Attributes:
        shape (tuple[int, ...]): Of the batch, (N, 3, H, W).
        difference (float): Largest absolute difference of the logits.
        largest (float): Largest absolute value of PyTorch's logits.
    """

    shape: tuple[int, ...]
    difference: float
    largest: float

    @property
    def passed(self) -> bool:
        """bool: Whether the difference is one of rounding."""
        return self.difference <= TOLERANCE * max(1.0, self.largest)


def export_model(
    cfg: Config,
    checkpoint: str | Path,
    out: str | Path,
    network: str | None = None,
) -> list[Check]:
    """Write a network as an ONNX file or as a program of ``torch.export``.

    The graph takes ``image``, RGB in 0..255 as float32 (N, 3, H, W), any
    batch and size; it normalises it and gives ``logits`` (N, K, H, W). The
    file is run on two batches and appears only if it agrees with PyTorch.

    Args:
        cfg (Config): Of a training with CoSA, or of a published model.
        checkpoint (str | Path): Its weights.
        out (str | Path): Where to write: ``*.onnx`` or ``*.pt2``.
        network (str, optional): Which network of a training; default: the
            assignment network.

    Returns:
        list[Check]: Of each batch.

    Raises:
        ImportError: If a package is missing, or torch is too old.
        OSError: If a file is missing or cannot be written.
        ValueError: If the arguments do not fit, the network cannot be
            exported, or the file disagrees with PyTorch.
    """
    out = Path(out)
    file_format = _find_format(out)
    model = load_segmentor(cfg, checkpoint)
    eager = torch.compiler.set_stance('force_eager')  # the backbone, too
    with eager, atomic_file(out) as unfinished:
        graph = make_graph(model, network)
        metadata = describe(model, graph, cfg.get('test_pipeline') or [])
        metadata['input'] += file_format.sides
        try:
            file_format.write(graph, unfinished, metadata)
            run = file_format.read(unfinished)
            checks = [
                compare(graph, run, shape)
                for shape in file_format.check_shapes
            ]
        except OSError:
            raise
        except Exception as err:  # whatever it is that an exporter lacks
            raise ValueError(
                f'{out} was not written: torch {torch.__version__} cannot '
                f'export this network as {out.suffix} ({type(err).__name__}: '
                f'{next(iter(str(err).splitlines()), "")}); perhaps it can as '
                f'{" or ".join({*FORMATS} - {out.suffix})}'
            ) from err
        for check in checks:
            if not check.passed:
                raise ValueError(
                    f'{out} was not written: on a batch of {check.shape} its '
                    f'logits differ from those of PyTorch by '
                    f'{check.difference:.1e}'
                )
    return checks


def _find_format(out: Path) -> OnnxFormat | ProgramFormat:
    """Return what reads and writes the format of a file."""
    if out.suffix not in FORMATS:
        raise ValueError(
            f'{out} must end with one of {", ".join(FORMATS)}, which is the '
            'format'
        )
    file_format = FORMATS[out.suffix]()
    if digit_version(torch.__version__) < digit_version(LEAST_TORCH):
        raise ImportError(
            f'{out.suffix} files need torch>={LEAST_TORCH}, found '
            f'{torch.__version__}'
        )
    return file_format


def make_graph(
    model: BaseSegmentor, network: str | None = None
) -> SegmentationGraph:
    """Make the graph of a segmentor.

    Args:
        model (BaseSegmentor): Of CoSA, or an ``EncoderDecoder``.
        network (str, optional): Which network of the former.

    Raises:
        ValueError: If there is no such network, or it is not its parts alone.
    """
    check_network(model, network)
    if isinstance(model, DualStreamSegmentor):
        part = getattr(model, network or 'assignment')
    elif isinstance(model, EncoderDecoder):
        part = model
    else:
        raise ValueError(
            f'the model is a {type(model).__name__}: only a CoSA or an '
            'EncoderDecoder can be exported'
        )
    graph = SegmentationGraph(part, model.data_preprocessor)
    check_same_logits(part, graph.find_logits)
    return graph.to(memory_format=torch.contiguous_format)


def describe(
    model: BaseSegmentor, graph: SegmentationGraph, pipeline: list[dict]
) -> dict[str, str]:
    """Return what a file says about itself; all but plain text is JSON.

    Args:
        model (BaseSegmentor): With ``dataset_meta``.
        graph (SegmentationGraph): What is written.
        pipeline (list[dict]): That of a test.

    Returns:
        dict[str, str]: ``classes`` by channel; ``color_order`` of the input;
        ``mean`` and ``std`` that the graph applies; ``input`` and ``output``;
        ``resize`` of the test pipeline, or null.
    """
    mean, std = graph.normalization()
    position = resize_position(pipeline)
    resize = None if position is None else pipeline[position]
    return dict(
        classes=json.dumps(model.dataset_meta['classes']),
        color_order='RGB',
        mean=json.dumps(mean),
        std=json.dumps(std),
        normalization='in the graph: (image - mean) / std',
        input='image: float32, RGB in 0..255, (N, 3, H, W), ',
        output='logits: float32, (N, K, H, W); argmax over K is the class',
        resize=json.dumps(resize, sort_keys=True),
    )


@torch.no_grad()
def compare(
    graph: torch.nn.Module,
    run: Callable[[Tensor], Tensor],
    shape: tuple[int, ...],
) -> Check:
    """Compare an exported file with its module.

    Args:
        graph (nn.Module): The module.
        run (Callable): What the file computes.
        shape (tuple[int, ...]): Of a batch, (N, 3, H, W).

    Returns:
        Check: On random pixels.
    """
    generator = torch.Generator().manual_seed(0)
    image = 255 * torch.rand(shape, generator=generator)
    expected = graph(image)
    difference = (run(image) - expected).abs().max()
    return Check(shape, float(difference), float(expected.abs().max()))
