"""Prediction of one's own pictures."""

import copy
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmcv.transforms import Compose
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.device import get_device
from mmengine.registry import INFERENCERS, init_default_scope
from mmseg.apis import MMSegInferencer
from mmseg.visualization import SegLocalVisualizer
from rich.console import Console
from rich.progress import track
from torch import nn

from cosa_mmseg.datasets.bad_files import BadFileError
from cosa_mmseg.utils.command_line import read_config

from .loading import FailedPicture, LoadedPicture, PictureLoader
from .looking import look_in_tiles, look_whole, tile_grid
from .pictures import Picture, find_pictures
from .prediction import PicturePrediction, choose_classes, kept_ids
from .trained import load_segmentor
from .writer import PredictionWriter, overlay

# Pictures that the network would see larger than this, it sees in tiles
MOST_PIXELS = 2**21
USUAL_TILE = 512


@INFERENCERS.register_module()
class CoSAInferencer(MMSegInferencer):
    """mmseg's inferencer for trained CoSA models, and for mmseg's own.

    Predictions are those of a test of the config: its test pipeline says what
    the network sees of a picture, ``model.test_cfg`` how.  Pictures of any
    size fit into memory: maps are enlarged one class at a time, and what the
    network would see larger than 2 million pixels it sees in tiles.

    Args:
        model (str | Path | Config): A config, its path, or the name of a
            packaged one.
        weights (str | Path): A checkpoint of it; no code in it is run.
        device (str, optional): By default a GPU where there is one.
        cfg_options (dict, optional): Settings that override the config, by
            dotted key.
        tile_size (int, optional): Side of the tiles, in pixels of the
            picture, that the network sees; the test pipeline's resizing is
            left out. By default it sees what the test pipeline hands out.
        tile_overlap (int, optional): What tiles share at least with their
            neighbours. By default a quarter of ``tile_size``.
        show_progress (bool): Whether to show a progress bar, on terminals.
            Defaults to True.

    Attributes:
        classes (list[str]): Names, the background first: those of the
            checkpoint, or else of the config's data set.
        palette (list[list[int]]): Their colours, RGB in 0..255, likewise.

    Raises:
        OSError: If config or checkpoint are missing.
        ValueError: If they do not fit together, or a setting is wrong.
    """

    preprocess_kwargs: set = set()
    forward_kwargs: set = {'labels', 'batch_size'}
    visualize_kwargs: set = {'show', 'wait_time', 'return_vis'}
    postprocess_kwargs: set = {'with_cam'}

    def __init__(
        self,
        model: str | Path | Config,
        weights: str | Path,
        device: str | None = None,
        cfg_options: dict | None = None,
        tile_size: int | None = None,
        tile_overlap: int | None = None,
        show_progress: bool = True,
    ) -> None:
        init_default_scope('mmseg')
        if isinstance(model, (str, Path)):
            model = read_config(str(model), cfg_options)
        self.classes: list[str] = []
        self.palette: list[list[int]] = []
        super().__init__(
            model,
            str(weights),
            device=device or get_device(),
            show_progress=show_progress,
        )
        self.grid = tile_grid(self.model)
        self.tile_size = tile_size
        usual = -(-USUAL_TILE // self.grid) * self.grid
        side = usual if tile_size is None else tile_size
        self.tile_overlap = side // 4 if tile_overlap is None else tile_overlap
        self.usual_tile = usual
        if side % self.grid or not 4 <= self.tile_overlap < side:
            raise ValueError(
                f'tile_size must be a multiple of {self.grid}, as the strides '
                'of the network are, and tile_overlap 4 or more and less; '
                f'got {side} and {self.tile_overlap}'
            )

    def _init_model(
        self, cfg: Config, weights: str, device: str = 'cpu'
    ) -> nn.Module:
        """The model of a config with the weights of a checkpoint."""
        model = load_segmentor(cfg, weights)
        self.classes = model.dataset_meta['classes']
        self.palette = model.dataset_meta['palette']
        return model.to(device)

    def _init_pipeline(self, cfg: Config) -> Compose:
        """The test pipeline, which mmseg changes in place for arrays."""
        return super()._init_pipeline(copy.deepcopy(cfg))

    def _init_collate(self, cfg: Config) -> Callable:
        """What makes a batch of the pictures of :meth:`preprocess`."""
        return pseudo_collate

    def _init_visualizer(self, cfg: Config) -> SegLocalVisualizer:
        """What shows pictures on the screen."""
        return SegLocalVisualizer(name=f'cosa_inferencer_{id(self)}')

    def __call__(
        self,
        inputs: Any,
        labels: Sequence[str] | None = None,
        batch_size: int = 1,
        with_cam: bool = False,
        return_datasamples: bool = False,
        return_vis: bool = False,
        show: bool = False,
        wait_time: float = 0,
        out_dir: str | Path = '',
        save: Sequence[str] = ('pred', 'vis', 'areas'),
    ) -> Any:
        """Predict pictures.

        A picture that cannot be read does not stop the others.

        Args:
            inputs: File, folder, pattern, array (H, W, 3), uint8, BGR, or a
                list of them. Of a video, each frame is a picture.
            labels (Sequence[str], optional): Classes that the pictures are
                known to show, by name: only these and the background are
                predicted. Names of files then end with
                ``_label_filtered``.
            batch_size (int): Pictures, or tiles, that the network sees at
                once. Defaults to 1.
            with_cam (bool): Whether the result has CAMs.
            return_datasamples (bool): Whether to return data samples.
            return_vis (bool): Whether the result has overlays.
            show (bool): Whether to show overlays in a window.
            wait_time (float): Seconds that it stays; 0: until a key is hit.
            out_dir (str | Path): Folder to write to; ``''``: none.
            save (Sequence[str]): What to write, see
                :class:`PredictionWriter`.

        Returns:
            dict | SegDataSample | list[SegDataSample]: With
            ``return_datasamples``, a data sample for each picture, see
            :meth:`PicturePrediction.to_data_sample`. Else a dict of
            ``predictions``, uint8 (H, W), ``visualization``, (H, W, 3) RGB,
            ``areas`` (see :meth:`PicturePrediction.record`) and, with
            ``with_cam``, ``cams``, float32 (C, H, W) or None. Each is a list,
            or, as mmseg has it, of one picture the value alone. ``errors``
            is a list of sentences.

        Raises:
            BadFileError: If no picture can be read.
            FileNotFoundError: If there is none.
            ValueError: If an argument cannot be.
        """
        pictures = find_pictures(inputs, out_dir)
        writer = PredictionWriter(out_dir, self.palette, save)
        if out_dir:
            writer.check(pictures)
        preds, drawn, errors = [], [], []
        with writer:
            for found in self.predict(pictures, labels, batch_size):
                if isinstance(found, FailedPicture):
                    errors.append(found.reason)
                    continue
                if out_dir:
                    writer.write(found)
                drawn += self.visualize(
                    [found.picture], [found], return_vis, show, wait_time
                )
                preds.append(
                    found.to_data_sample()
                    if return_datasamples
                    else self._plain(found, with_cam)
                )
        if not preds:
            raise BadFileError(errors[0])
        return self.postprocess(preds, drawn, return_datasamples, errors)

    def predict(
        self,
        pictures: Sequence[Picture],
        labels: Sequence[str] | None = None,
        batch_size: int = 1,
    ) -> Iterator[PicturePrediction | FailedPicture]:
        """Predict pictures one after the other, which takes little memory.

        Args:
            pictures (Sequence[Picture]): See :func:`find_pictures`.
            labels (Sequence[str], optional): Classes that they show.
            batch_size (int): How many the network sees at once.

        Yields:
            PicturePrediction | FailedPicture: In their order.

        Raises:
            ValueError: If a label is unknown or ``batch_size`` below 1.
        """
        kept_ids(self.classes, labels)
        if batch_size < 1:
            raise ValueError(f'batch_size must be 1 or more, got {batch_size}')
        console = Console(stderr=True)
        videos = any(picture.is_video for picture in pictures)
        yield from track(
            self._predict(pictures, labels, batch_size),
            'segmenting',
            total=None if videos else len(pictures),
            console=console,
            disable=not (self.show_progress and console.is_terminal),
        )

    def _predict(
        self,
        pictures: Iterable[Picture],
        labels: Sequence[str] | None,
        batch_size: int,
    ) -> Iterator[PicturePrediction | FailedPicture]:
        """The predictions, batch after batch."""
        for batch in self.preprocess(pictures, batch_size):
            if isinstance(batch, FailedPicture):
                yield batch
            else:
                yield from self.forward(batch, labels, batch_size)

    def preprocess(
        self, inputs: Iterable[Picture], batch_size: int = 1
    ) -> Iterator[list[LoadedPicture] | FailedPicture]:
        """Load pictures, and gather those that the network may see at once.

        Yields:
            list[LoadedPicture] | FailedPicture: Inputs of one size, or a
            picture that cannot be read; in their order.
        """
        batch: list[LoadedPicture] = []
        loader = PictureLoader(self.pipeline, self.tile_size)
        for found in loader.load_all(inputs):
            if isinstance(found, FailedPicture):
                if batch:
                    yield batch
                batch = []
                yield found
                continue
            if batch and (
                len(batch) == batch_size
                or self._tile(found) is not None
                or found.input_size != batch[0].input_size
            ):
                yield batch
                batch = []
            batch.append(found)
        if batch:
            yield batch

    def _tile(self, loaded: LoadedPicture) -> int | None:
        """The side of the tiles that a picture is seen in, if it is."""
        if self.tile_size is not None:
            return self.tile_size
        height, width = loaded.input_size
        return self.usual_tile if height * width > MOST_PIXELS else None

    @torch.no_grad()
    def forward(
        self,
        inputs: list[LoadedPicture],
        labels: Sequence[str] | None = None,
        batch_size: int = 1,
    ) -> list[PicturePrediction]:
        """Predict pictures whose inputs have one size.

        Args:
            inputs (list[LoadedPicture]): Of :meth:`preprocess`.
            labels (Sequence[str], optional): Classes that they show.
            batch_size (int): Tiles that are seen at once.
        """
        tile = self._tile(inputs[0])
        if tile is None:
            data = [loaded.data for loaded in inputs]
            sights = look_whole(self.model, self.collate_fn(data))
        else:
            sights = [
                look_in_tiles(
                    self.model,
                    loaded.image,
                    tile,
                    self.tile_overlap,
                    batch_size,
                )
                for loaded in inputs
            ]
        kept = kept_ids(self.classes, labels)
        post_process = getattr(self.model, 'post_process', None)
        predictions = []
        for loaded, sight in zip(inputs, sights, strict=True):
            image = np.ascontiguousarray(loaded.image[..., ::-1])
            predictions.append(
                PicturePrediction(
                    picture=loaded.picture,
                    image=image,
                    label_map=choose_classes(sight, kept, image, post_process),
                    classes=self.classes,
                    sight=sight,
                    labels=None if labels is None else tuple(labels),
                    tile_size=tile,
                )
            )
        return predictions

    def visualize(
        self,
        inputs: list[Picture],
        preds: list[PicturePrediction],
        return_vis: bool = False,
        show: bool = False,
        wait_time: float = 0,
    ) -> list[np.ndarray]:
        """Draw predictions over their pictures.

        Returns:
            list[np.ndarray]: (H, W, 3), uint8, RGB; empty unless
            ``return_vis``.
        """
        if not (return_vis or show):
            return []
        drawn = [overlay(pred, self.palette) for pred in preds]
        if show:
            for picture, image in zip(inputs, drawn, strict=True):
                self.visualizer.show(image, picture.title, wait_time)
        return drawn if return_vis else []

    def _plain(self, pred: PicturePrediction, with_cam: bool) -> dict:
        """What the result says of a picture."""
        plain = dict(predictions=pred.label_map, areas=pred.record())
        return {**plain, 'cams': pred.cams()} if with_cam else plain

    def postprocess(
        self,
        preds: list,
        visualization: list[np.ndarray],
        return_datasamples: bool = False,
        errors: Sequence[str] = (),
    ) -> Any:
        """Gather the results, see :meth:`__call__`.

        Args:
            preds (list): A data sample or dict for each picture.
            visualization (list[np.ndarray]): Overlays, if any.
            return_datasamples (bool): Whether they are data samples.
            errors (Sequence[str]): A sentence for each bad picture.
        """
        if return_datasamples:
            return preds[0] if len(preds) == 1 else preds
        results: dict[str, Any] = {
            key: [pred[key] for pred in preds] for key in preds[0]
        }
        results['visualization'] = visualization
        if len(preds) == 1:
            results = {
                key: values[0] if values else values
                for key, values in results.items()
            }
        return {**results, 'errors': [*errors]}
