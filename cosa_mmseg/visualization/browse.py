"""Samples of a data set: one picture each."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from mmengine.dataset import BaseDataset
from mmseg.structures import SegDataSample
from PIL import Image, ImageDraw

from cosa_mmseg.utils.atomic import atomic_folder

from .panels import image_panel, label_map_panel
from .strips import caption_strip, class_legend, panel_strip, stack
from .style import PAPER, Colour

LEAST_CELL = 120  # pixels, so that names fit over narrow images
BOX, FRAME = (255, 0, 170), 2  # colour and width of the valid box
TITLES = {'weak': 'Weak view', 'strong': 'Strong view', 'image': 'Image'}


def save_samples(
    folder: str | Path, dataset: BaseDataset, num: int
) -> list[Path]:
    """Write pictures of samples that are evenly spread over a data set.

    Args:
        folder (str | Path): A new folder. A picture is named by the number of
            its sample and its image.
        dataset (BaseDataset): Training or evaluation set.
        num (int): Number of samples, at least 1; of a smaller set, all.

    Returns:
        list[Path]: The pictures, in the order of the set.

    Raises:
        FileExistsError: If there is something at ``folder``.
        ValueError: If ``num`` is below 1.
    """
    if num < 1:
        raise ValueError(f'at least 1 sample is needed, but num is {num}')
    num = min(num, len(dataset))
    indices = np.linspace(0, len(dataset) - 1, num).round().astype(int)
    classes, palette = (dataset.metainfo[k] for k in ('classes', 'palette'))
    names = []
    with atomic_folder(folder) as unfinished:
        for index in indices.tolist():
            data = dataset[index]
            image = Path(data['data_samples'].img_path).stem
            names.append(f'{index:06d}_{image}.png')
            picture = draw_sample(data, classes, palette)
            Image.fromarray(picture).save(unfinished / names[-1])
    return [Path(folder) / name for name in names]


def draw_sample(
    data: dict,
    classes: Sequence[str],
    palette: Sequence[Colour],
    side: int = 448,
) -> np.ndarray:
    """Draw the views of a sample side by side, and what is known of it.

    The frame in the views is ``valid_box``, the part that shows the image.
    Below are the image's name, its size before the pipeline and whether it is
    mirrored, and the names of its labels. Samples with a mask, those of
    evaluation sets and of supervised training, have it drawn, too.

    Args:
        data (dict): A packed sample, see :class:`PackImageLabelInputs`. Its
            views are uint8, (3, H, W), BGR.
        classes (Sequence[str]): K names, the background first.
        palette (Sequence[Colour]): K colours, RGB in 0 to 255.
        side (int): The longer side of a view in the picture, pixels. Defaults
            to 448.

    Returns:
        np.ndarray: (height, width, 3) uint8, RGB.
    """
    inputs, sample = data['inputs'], data['data_samples']
    views = inputs if isinstance(inputs, dict) else {'image': inputs}
    images = {
        TITLES[name]: img.flip(0).permute(1, 2, 0).numpy()  # to (H, W, 3) RGB
        for name, img in views.items()
    }
    panels = {title: _view(img, sample, side) for title, img in images.items()}
    ids = []
    if 'gt_sem_seg' in sample:
        mask, image = sample.gt_sem_seg.data[0], next(iter(images.values()))
        size = _fit(image, side)
        panels['Mask'] = label_map_panel(mask, image, palette, size)
        ids = np.unique(mask).tolist()
    strips = [panel_strip(panels, LEAST_CELL)]
    width = strips[0].width
    strips += [
        caption_strip(_describe(sample), '', width),
        caption_strip(_labels(sample, classes), '', width),
    ]
    if ids:
        strips.append(class_legend(ids, classes, palette, width))
    return stack(strips)


def _fit(img: np.ndarray, side: int) -> tuple[int, int]:
    """Return (width, height) of an image's panel."""
    h, w = img.shape[:2]
    scale = side / max(h, w)
    return max(1, round(w * scale)), max(1, round(h * scale))


def _view(image: np.ndarray, sample: SegDataSample, side: int) -> Image.Image:
    """Draw a view, with the valid box where the sample has one."""
    view = image_panel(image, _fit(image, side))
    if 'valid_box' not in sample:
        return view
    # the frame lies around the box, beyond the view if need be
    size = view.width + 2 * FRAME, view.height + 2 * FRAME
    panel = Image.new('RGB', size, PAPER)
    panel.paste(view, (FRAME, FRAME))
    top, bottom, left, right = sample.valid_box
    x, y = view.width / image.shape[1], view.height / image.shape[0]
    around = 2 * FRAME - 1
    end = round(right * x) + around, round(bottom * y) + around
    box = (round(left * x), round(top * y), *end)
    ImageDraw.Draw(panel).rectangle(box, outline=BOX, width=FRAME)
    return panel


def _describe(sample: SegDataSample) -> str:
    """Return the name and size of the image, and whether it is mirrored."""
    h, w = sample.ori_shape
    mirrored = ', mirrored' if sample.get('flip') else ''
    return f'{Path(sample.img_path).name}   {w} x {h}{mirrored}'


def _labels(sample: SegDataSample, classes: Sequence[str]) -> str:
    """Return the names of the image-level labels."""
    if 'gt_label' not in sample:
        return 'no label'
    ids = (sample.gt_label.label + 1).tolist()
    return ', '.join(classes[id_] for id_ in ids) or 'empty label'
