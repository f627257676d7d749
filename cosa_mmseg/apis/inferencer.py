"""Prediction of one's own pictures."""

import copy
import warnings
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

from cosa_mmseg.config.command_line import read_config
from cosa_mmseg.config.names import merge_options
from cosa_mmseg.datasets.bad_files import BadFileError
from cosa_mmseg.interop.trained import check_network, load_segmentor
from cosa_mmseg.utils.device import why_unusable
from cosa_mmseg.utils.precision import prediction_autocast

from .loading import FailedPicture, LoadedPicture, PictureLoader, in_batches
from .looking import look_in_tiles, look_whole, tile_grid
from .pictures import Picture, find_pictures
from .prediction import PicturePrediction, choose_classes, kept_ids
from .tiles import Tiling
from .writer import PredictionWriter, overlay


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
        ValueError: If they do not fit together, a setting is wrong, or the
            device cannot be used.
    """

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
        elif cfg_options:
            model = copy.deepcopy(model)
            merge_options(model, cfg_options)
        device = device or get_device()
        if reason := why_unusable(device):
            raise ValueError(f'device {device!r} cannot be used: {reason}')
        self.classes: list[str] = []
        self.palette: list[list[int]] = []
        super().__init__(
            model,
            str(weights),
            device=device,
            show_progress=show_progress,
        )
        self.autocast = prediction_autocast(self.cfg, device)
        self.tiling = Tiling.of(tile_grid(self.model), tile_size, tile_overlap)

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
        network: str | None = None,
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
            network (str, optional): Which network of a model of CoSA is
                asked, ``'assignment'`` or ``'online'``. By default that of
                ``model.test_cfg``, of ``'both'`` the assignment network.

        Returns:
            dict | SegDataSample | list[SegDataSample]: With
            ``return_datasamples``, a data sample for each picture, see
            :meth:`PicturePrediction.to_data_sample`. Else a dict of
            ``predictions``, uint8 (H, W), ``visualization``, (H, W, 3) RGB,
            ``areas`` (see :meth:`PicturePrediction.record`), ``pictures``
            (which it is: the path, or "input" and its number) and, with
            ``with_cam``, ``cams``, float32 (C, H, W) or None. Each is a list,
            without pictures that cannot be read; of one picture that is not
            named in a list, as mmseg has it, the value alone. ``errors`` is a
            list of sentences on the others, which are warnings where data
            samples are returned.

        Raises:
            BadFileError: If no picture can be read.
            FileNotFoundError: If there is none.
            ValueError: If an argument cannot be.
        """
        pictures = find_pictures(inputs, out_dir)
        predictions = self.predict(pictures, labels, batch_size, network)
        preds, drawn, errors = [], [], []
        with PredictionWriter(
            out_dir, self.palette, save if out_dir else ()
        ) as writer:
            writer.check(pictures)
            for found in predictions:
                if isinstance(found, FailedPicture):
                    errors.append(found.reason)
                    continue
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
        alone = len(preds) == 1 and not isinstance(inputs, (list, tuple))
        return self.postprocess(
            preds, drawn, return_datasamples, errors, alone
        )

    def predict(
        self,
        pictures: Sequence[Picture],
        labels: Sequence[str] | None = None,
        batch_size: int = 1,
        network: str | None = None,
    ) -> Iterator[PicturePrediction | FailedPicture]:
        """Predict pictures one after the other, which takes little memory.

        Args:
            pictures (Sequence[Picture]): See :func:`find_pictures`.
            labels (Sequence[str], optional): Classes that they show.
            batch_size (int): How many the network sees at once.
            network (str, optional): Which one is asked.

        Returns:
            Iterator[PicturePrediction | FailedPicture]: In their order.

        Raises:
            ValueError: If a label or network is unknown or ``batch_size``
                below 1.
        """
        kept_ids(self.classes, labels)
        check_network(self.model, network)
        if batch_size < 1:
            raise ValueError(f'batch_size must be 1 or more, got {batch_size}')
        console = Console(stderr=True)
        videos = any(picture.is_video for picture in pictures)
        return iter(
            track(
                self._predict(pictures, labels, batch_size, network),
                'segmenting',
                total=None if videos else len(pictures),
                console=console,
                disable=not (self.show_progress and console.is_terminal),
            )
        )

    def _predict(
        self,
        pictures: Iterable[Picture],
        labels: Sequence[str] | None,
        batch_size: int,
        network: str | None,
    ) -> Iterator[PicturePrediction | FailedPicture]:
        """The predictions, batch after batch."""
        for batch in self.preprocess(pictures, batch_size):
            if isinstance(batch, FailedPicture):
                yield batch
            else:
                yield from self.forward(batch, labels, batch_size, network)

    def preprocess(
        self, inputs: Iterable[Picture], batch_size: int = 1
    ) -> Iterator[list[LoadedPicture] | FailedPicture]:
        """Load pictures, see :func:`in_batches`."""
        loader = PictureLoader(self.pipeline, raw=self.tiling.always)
        return in_batches(loader.load_all(inputs), batch_size, self.tiling)

    @torch.no_grad()
    def forward(
        self,
        inputs: list[LoadedPicture],
        labels: Sequence[str] | None = None,
        batch_size: int = 1,
        network: str | None = None,
    ) -> list[PicturePrediction]:
        """Predict pictures whose inputs have one size.

        Args:
            inputs (list[LoadedPicture]): Of :meth:`preprocess`.
            labels (Sequence[str], optional): Classes that they show.
            batch_size (int): Tiles that are seen at once.
            network (str, optional): Which one is asked.
        """
        tiled = self.tiling.is_for(inputs[0].input_size)
        with self.autocast():
            if tiled:
                sights = [
                    look_in_tiles(
                        self.model, one.image, self.tiling, batch_size, network
                    )
                    for one in inputs
                ]
            else:
                data = self.collate_fn([loaded.data for loaded in inputs])
                sights = look_whole(self.model, data, network)
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
                    tile_size=self.tiling.side if tiled else None,
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
        plain = dict(
            predictions=pred.label_map,
            areas=pred.record(),
            pictures=pred.picture.title,
        )
        return {**plain, 'cams': pred.cams()} if with_cam else plain

    def postprocess(
        self,
        preds: list,
        visualization: list[np.ndarray],
        return_datasamples: bool = False,
        errors: Sequence[str] = (),
        alone: bool = False,
    ) -> Any:
        """Gather the results, see :meth:`__call__`.

        Args:
            preds (list): A data sample or dict for each picture.
            visualization (list[np.ndarray]): Overlays, if any.
            return_datasamples (bool): Whether they are data samples.
            errors (Sequence[str]): A sentence for each bad picture; a warning
                if data samples alone are returned.
            alone (bool): Whether the values of the only picture are returned
                for the lists of all.
        """
        if return_datasamples:
            for error in errors:
                warnings.warn(error, stacklevel=3)
            return preds[0] if alone else preds
        results: dict[str, Any] = {
            key: [pred[key] for pred in preds] for key in preds[0]
        }
        results['visualization'] = visualization
        if alone:
            results = {
                key: values[0] if values else values
                for key, values in results.items()
            }
        return {**results, 'errors': [*errors]}
