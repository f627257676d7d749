"""What a data set hands out: one picture a sample."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from mmengine.dataset import BaseDataset
from mmseg.structures import SegDataSample
from PIL import Image, ImageDraw
from torch import Tensor

from cosa_mmseg.utils.atomic import atomic_folder

from .legend import legend_strip
from .panels import image_panel, label_map_panel
from .style import FAINT, INK, MARGIN, PAPER, Colour, fit_text, font

GAP, TITLE_HEIGHT, LINE_HEIGHT = 6, 28, 22
LEAST_CELL = 120  # pixels, so that names fit over narrow images
BOX, FRAME = (255, 0, 170), 2  # colour and width of the valid box
TITLES = {'weak': 'Weak view', 'strong': 'Strong view'}


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
    panels = {name: _view(img, sample, side) for name, img in views.items()}
    ids = []
    if 'gt_sem_seg' in sample:
        mask = sample.gt_sem_seg.data[0]
        img = _rgb(next(iter(views.values())))
        panels['mask'] = label_map_panel(mask, img, palette, _fit(img, side))
        ids = np.unique(mask).tolist()
    strips = [_panel_strip(panels)]
    width = strips[0].width
    strips.append(_caption_strip(sample, classes, width))
    if ids:
        strips.append(legend_strip(ids, classes, palette, width))
    return np.concatenate([np.asarray(strip) for strip in strips])


def _rgb(img: Tensor) -> np.ndarray:
    """(3, H, W) BGR to (H, W, 3) RGB."""
    return img.flip(0).permute(1, 2, 0).numpy()


def _fit(img: np.ndarray, side: int) -> tuple[int, int]:
    """(width, height) of an image's panel."""
    h, w = img.shape[:2]
    scale = side / max(h, w)
    return max(1, round(w * scale)), max(1, round(h * scale))


def _view(img: Tensor, sample: SegDataSample, side: int) -> Image.Image:
    """A view, with the valid box where the sample has one."""
    rgb = _rgb(img)
    view = image_panel(rgb, _fit(rgb, side))
    if 'valid_box' not in sample:
        return view
    # the frame lies around the box, beyond the view if need be
    size = view.width + 2 * FRAME, view.height + 2 * FRAME
    panel = Image.new('RGB', size, PAPER)
    panel.paste(view, (FRAME, FRAME))
    top, bottom, left, right = sample.valid_box
    x, y = view.width / rgb.shape[1], view.height / rgb.shape[0]
    corners = (
        round(left * x),
        round(top * y),
        round(right * x),
        round(bottom * y),
    )
    box = (*corners[:2], *(edge + 2 * FRAME - 1 for edge in corners[2:]))
    ImageDraw.Draw(panel).rectangle(box, outline=BOX, width=FRAME)
    return panel


def _panel_strip(panels: dict[str, Image.Image]) -> Image.Image:
    """The panels side by side, each under its name."""
    cells = [max(panel.width, LEAST_CELL) + GAP for panel in panels.values()]
    height = max(panel.height for panel in panels.values())
    size = sum(cells) - GAP + 2 * MARGIN, TITLE_HEIGHT + height
    strip = Image.new('RGB', size, PAPER)
    draw, face = ImageDraw.Draw(strip), font(15, bold=True)
    left = MARGIN
    for (name, panel), cell in zip(panels.items(), cells, strict=True):
        middle = TITLE_HEIGHT // 2
        title = TITLES.get(name, name.capitalize())
        draw.text((left, middle), title, INK, face, anchor='lm')
        strip.paste(panel, (left, TITLE_HEIGHT))
        left += cell
    return strip


def _caption_strip(
    sample: SegDataSample, classes: Sequence[str], width: int
) -> Image.Image:
    """The image and its size in one line, the names of its labels below."""
    h, w = sample.ori_shape
    image = f'{Path(sample.img_path).name}   {w} x {h}'
    if sample.get('flip'):
        image += ', mirrored'
    label = 'no label'
    if 'gt_label' in sample:
        ids = (sample.gt_label.label + 1).tolist()
        label = ', '.join(classes[id_] for id_ in ids) or 'empty label'
    strip = Image.new('RGB', (width, 2 * LINE_HEIGHT), PAPER)
    draw, face = ImageDraw.Draw(strip), font(13)
    for line, (text, ink) in enumerate([(image, FAINT), (label, INK)]):
        place = (MARGIN, line * LINE_HEIGHT + LINE_HEIGHT // 2)
        text = fit_text(text, face, width - 2 * MARGIN)
        draw.text(place, text, ink, face, anchor='lm')
    return strip
