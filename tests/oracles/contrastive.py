"""Contrastive separation again, as loops over pairs: slow, independent."""

import math


def nearest(values, height, width):
    """Values (H, W) as nested lists, read at the middle of each patch."""
    rows, columns = len(values), len(values[0])
    return [
        [
            values[(2 * y + 1) * rows // (2 * height)][
                (2 * x + 1) * columns // (2 * width)
            ]
            for x in range(width)
        ]
        for y in range(height)
    ]


def similarity(first, second):
    """Cosine of the angle between two lists of numbers."""
    dot = sum(a * b for a, b in zip(first, second, strict=True))
    return dot / (math.hypot(*first) * math.hypot(*second))


def image_pixels(cam, label, perplexity, present, max_perplexity):
    """Vectors and labels of the pixels of one image that take part.

    Args:
        cam (list): (C, h, w).
        label (list): (H, W), 255 ignored.
        perplexity (list): (H, W).
        present (list[int]): Indices of the present classes.
        max_perplexity (float): Pixels above it take no part.

    Returns:
        list[tuple[list, int]]: A vector and a label each.
    """
    height, width = len(cam[0]), len(cam[0][0])
    label = nearest(label, height, width)
    perplexity = nearest(perplexity, height, width)
    pixels = [
        ([cam[c][y][x] for c in present], label[y][x])
        for y in range(height)
        for x in range(width)
        if label[y][x] != 255 and perplexity[y][x] <= max_perplexity
    ]
    power = sum(v * v for vector, _ in pixels for v in vector)
    background = math.sqrt(power / max(len(pixels), 1) + 1e-6)
    return [([*vector, background], target) for vector, target in pixels]


def contrastive_separation(
    cam,
    label,
    perplexity,
    img_label,
    temperature,
    max_perplexity,
    pairs='classes',
):
    """Loop form of ``ContrastiveSeparationLoss`` with weight 1.

    Args:
        cam (Tensor): (N, C, h, w).
        label (Tensor): (N, H, W), 255 ignored.
        perplexity (Tensor): (N, H, W).
        img_label (Tensor): Multi-hot, (N, C).
        temperature (float): Of the similarities.
        max_perplexity (float): Pixels above it take no part.
        pairs (str): ``'classes'`` or ``'binary'``.

    Returns:
        float: The loss.
    """
    terms = []
    for n in range(len(cam)):
        present = [c for c, y in enumerate(img_label[n].tolist()) if y]
        pixels = image_pixels(
            cam[n].tolist(),
            label[n].tolist(),
            perplexity[n].tolist(),
            present,
            max_perplexity,
        )
        if pairs == 'binary':
            pixels = [(vector, int(target > 0)) for vector, target in pixels]
        for i, (anchor, target) in enumerate(pixels):
            same, other = [], []
            for j, (vector, other_target) in enumerate(pixels):
                if i != j:
                    side = same if other_target == target else other
                    cosine = similarity(anchor, vector)
                    side.append(math.exp(cosine / temperature))
            if same and other:
                losses = [-math.log(s / (s + sum(other))) for s in same]
                if pairs == 'binary':
                    terms += losses
                else:
                    terms.append(sum(losses) / len(losses))
    return sum(terms) / max(len(terms), 1)
