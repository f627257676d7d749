"""Prediction of one's own pictures."""

import copy
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
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
from mmseg.datasets.transforms.loading import InferencerLoader
from mmseg.visualization import SegLocalVisualizer
from rich.console import Console
from rich.progress import track
from torch import nn

from cosa_mmseg.config.command_line import read_config
from cosa_mmseg.config.config_path import weights_beside
from cosa_mmseg.config.names import merge_options
from cosa_mmseg.datasets.any_image import accept_any_image
from cosa_mmseg.interop.trained import check_network, load_segmentor
from cosa_mmseg.utils.device import why_unusable
from cosa_mmseg.utils.precision import prediction_autocast

from .gather import gather
from .loading import FailedPicture, LoadedPicture, in_batches, load_pictures
from .pictures import Picture, find_pictures
from .predict import predict_tiles, predict_whole, tile_grid
from .prediction import PicturePrediction, choose_classes, kept_ids
from .tiles import Tiling
from .writer import PredictionWriter, overlay


@INFERENCERS.register_module()
class CoSAInferencer(MMSegInferencer):
    """mmseg's inferencer for trained CoSA models, and for mmseg's own.

    Predictions are those of a test of the config: its test pipeline says what
    becomes of a picture, ``model.test_cfg`` how it is predicted.  Pictures of
    any size fit into memory: maps are enlarged one class at a time, and inputs
    of more than 2 million pixels are predicted in tiles.

    Args:
        model (str | Path | Config): A config, its path, or the name of a
            packaged one.
        weights (str | Path, optional): A checkpoint of it; no code in it is
            run. By default the weights that lie beside the config under its
            name, as those of ``voc-small`` do.
        device (str, optional): By default a GPU where there is one.
        cfg_options (dict, optional): Settings that override the config, by
            dotted key.
        tile_size (int, optional): Side of the tiles, in pixels of the
            picture; the test pipeline's resizing is left out. By default
            the network gets what the test pipeline hands out.
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
        ValueError: If they do not fit together, a setting is wrong, or the
            device cannot be used.
    """

    def __init__(
        self,
        model: str | Path | Config,
        weights: str | Path | None = None,
        device: str | None = None,
        cfg_options: dict | None = None,
        tile_size: int | None = None,
        tile_overlap: int | None = None,
        show_progress: bool = True,
    ) -> None:
        init_default_scope('mmseg')
        if isinstance(model, (str, Path)):
            weights = weights or weights_beside(str(model))
            model = read_config(str(model), cfg_options)
        elif cfg_options:
            model = copy.deepcopy(model)
            merge_options(model, cfg_options)
        if weights is None:
            raise ValueError(
                f'no weights lie beside {model.filename}: name a checkpoint'
            )
        device = device or get_device()
        if reason := why_unusable(device):
            raise ValueError(f'device {device!r} cannot be used: {reason}')
        super().__init__(
            model, str(weights), device=device, show_progress=show_progress
        )
        self.autocast = prediction_autocast(self.cfg, device)
        self.tiling = Tiling.of(tile_grid(self.model), tile_size, tile_overlap)

    def _init_model(
        self, cfg: Config, weights: str, device: str = 'cpu'
    ) -> nn.Module:
        """Return the model of a config with the weights of a checkpoint."""
        model = load_segmentor(cfg, weights)
        self.classes: list[str] = model.dataset_meta['classes']
        self.palette: list[list[int]] = model.dataset_meta['palette']
        return model.to(device)

    def _init_pipeline(self, cfg: Config) -> Compose:
        """Return the test pipeline, with a loader of files and arrays."""
        pipeline = super()._init_pipeline(copy.deepcopy(cfg))
        for step in pipeline.transforms:
            if isinstance(step, InferencerLoader):
                step.from_file = accept_any_image(step.from_file)
        return pipeline

    def _init_collate(self, cfg: Config) -> Callable:
        """Return what makes a batch of samples."""
        return pseudo_collate

    def _init_visualizer(self, cfg: Config) -> SegLocalVisualizer:
        """Return what shows pictures on the screen."""
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
        network: str | None = None,
    ) -> Any:
        """Predict pictures.

        Args:
            inputs: See :func:`find_pictures`. Of a video, each frame is a
                picture.
            labels (Sequence[str], optional): See :meth:`predict`, as for
                ``batch_size`` and ``network``.
            batch_size (int): Pictures, or tiles, in a batch.
            with_cam (bool): Whether the result has CAMs.
            return_datasamples (bool): Whether to return data samples.
            return_vis (bool): Whether the result has overlays.
            show (bool): Whether to show overlays in a window.
            wait_time (float): Seconds that it stays; 0: until a key is hit.
            out_dir (str | Path): Folder to write to; ``''``: none.
            save (Sequence[str]): See :class:`PredictionWriter`.
            network (str, optional): Which network of a model of CoSA.

        Returns:
            dict | SegDataSample | list[SegDataSample]: See :func:`gather`.

        Raises:
            BadFileError: If no picture can be read.
            FileNotFoundError: If there is none.
            ValueError: If an argument cannot be.
        """
        pictures = find_pictures(inputs, out_dir)
        predictions = self.predict(pictures, labels, batch_size, network)
        results, errors = [], []
        kinds = save if out_dir else ()
        with PredictionWriter(out_dir, self.palette, kinds) as writer:
            writer.check(pictures)
            for found in predictions:
                if isinstance(found, FailedPicture):
                    errors.append(found.reason)
                    continue
                writer.write(found)
                drawn = self._draw(found, return_vis, show, wait_time)
                if return_datasamples:
                    results.append(found.to_data_sample())
                else:
                    plain = found.to_dict(with_cam)
                    results.append({**plain, 'visualization': drawn})
        alone = not isinstance(inputs, (list, tuple))
        return gather(results, errors, alone)

    def _draw(
        self,
        found: PicturePrediction,
        return_vis: bool,
        show: bool,
        wait_time: float,
    ) -> Any:
        """Show an overlay if it is to be shown, return it or ``[]``."""
        if not (show or return_vis):
            return []
        drawn = overlay(found, self.palette)
        if show:
            self.visualizer.show(drawn, found.picture.title, wait_time)
        return drawn if return_vis else []

    def predict(
        self,
        pictures: Sequence[Picture],
        labels: Sequence[str] | None = None,
        batch_size: int = 1,
        network: str | None = None,
    ) -> Iterator[PicturePrediction | FailedPicture]:
        """Predict pictures one after the other, which takes little memory.

        A picture that cannot be read does not stop the others.

        Args:
            pictures (Sequence[Picture]): See :func:`find_pictures`.
            labels (Sequence[str], optional): Classes that the pictures are
                known to show, by name: only these and the background are
                predicted.
            batch_size (int): Pictures, or tiles, in a batch. Defaults to 1.
            network (str, optional): Which network of a model of CoSA
                predicts, ``'assignment'`` or ``'online'``. By default that of
                ``model.test_cfg``, of ``'both'`` the assignment network.

        Returns:
            Iterator[PicturePrediction | FailedPicture]: In their order.

        Raises:
            ValueError: If a label or network is unknown or ``batch_size``
                below 1.
        """
        found = self.predict_by((network,), pictures, labels, batch_size)
        return (
            each if isinstance(each, FailedPicture) else each[0]
            for each in found
        )

    def predict_by(
        self,
        networks: Sequence[str | None],
        pictures: Sequence[Picture],
        labels: Sequence[str] | None = None,
        batch_size: int = 1,
    ) -> Iterator[tuple[PicturePrediction, ...] | FailedPicture]:
        """Predict pictures by several networks, each picture read once.

        Args:
            networks (Sequence[str | None]): See ``network`` of
                :meth:`predict`, as for the other arguments.
            pictures (Sequence[Picture]): The pictures.
            labels (Sequence[str], optional): Classes that they show.
            batch_size (int): Pictures, or tiles, in a batch.

        Returns:
            Iterator[tuple[PicturePrediction, ...] | FailedPicture]: A
            prediction by each network, in the order of the pictures.

        Raises:
            ValueError: See :meth:`predict`.
        """
        kept_ids(self.classes, labels)
        for network in networks:
            check_network(self.model, network)
        if batch_size < 1:
            raise ValueError(f'batch_size must be 1 or more, got {batch_size}')
        found = (
            [batch]
            if isinstance(batch, FailedPicture)
            else zip(
                *(
                    self.forward(batch, labels, batch_size, n)
                    for n in networks
                ),
                strict=True,
            )
            for batch in self.preprocess(pictures, batch_size)
        )
        console = Console(stderr=True)
        videos = any(picture.is_video for picture in pictures)
        return iter(
            track(
                chain.from_iterable(found),
                'segmenting',
                total=None if videos else len(pictures),
                console=console,
                disable=not (self.show_progress and console.is_terminal),
            )
        )

    def preprocess(
        self, inputs: Iterable[Picture], batch_size: int = 1
    ) -> Iterator[list[LoadedPicture] | FailedPicture]:
        """Load pictures, see :func:`in_batches`."""
        loaded = load_pictures(inputs, self.pipeline, self.tiling.always)
        return in_batches(loaded, batch_size, self.tiling)

    @torch.no_grad()
    def forward(
        self,
        inputs: list[LoadedPicture],
        labels: Sequence[str] | None = None,
        batch_size: int = 1,
        network: str | None = None,
    ) -> list[PicturePrediction]:
        """Predict a batch of :meth:`preprocess`, see :meth:`predict`."""
        model, tiling = self.model, self.tiling
        tiled = tiling.is_for(inputs[0].input_size)
        with self.autocast():
            if tiled:
                raws = [
                    predict_tiles(
                        model, one.image, tiling, batch_size, network
                    )
                    for one in inputs
                ]
            else:
                data = self.collate_fn([one.data for one in inputs])
                raws = predict_whole(model, data, network)
        kept = kept_ids(self.classes, labels)
        post_process = getattr(model, 'post_process', None)
        predictions = []
        for one, raw in zip(inputs, raws, strict=True):
            image = np.ascontiguousarray(one.image[..., ::-1])
            if post_process is not None:
                raw = raw.refine(post_process, image)
            label_map = choose_classes(raw, kept)
            predictions.append(
                PicturePrediction(
                    one.picture,
                    image,
                    label_map,
                    self.classes,
                    raw,
                    None if labels is None else tuple(labels),
                    tiling.side if tiled else None,
                )
            )
        return predictions
