"""Losses again, as loops over pixels: slow, plain, independent."""

import math


def fg_bg_cross_entropy(logits, label, weight=None, fg_share=0.5):
    """Loop form of ``cosa_mmseg.models.losses.fg_bg_cross_entropy``.

    Args:
        logits (Tensor): (N, K, H, W).
        label (Tensor): (N, H, W), 255 ignored.
        weight (Tensor, optional): (N, H, W).
        fg_share (float): Share of the foreground.

    Returns:
        float: The loss.
    """
    sums, counts = {True: 0.0, False: 0.0}, {True: 0, False: 0}
    num, _, height, width = logits.shape
    for n in range(num):
        for y in range(height):
            for x in range(width):
                target = int(label[n, y, x])
                if target == 255:
                    continue
                scores = logits[n, :, y, x].tolist()
                total = sum(math.exp(s) for s in scores)
                term = math.log(total) - scores[target]
                if weight is not None:
                    term *= float(weight[n, y, x])
                sums[target > 0] += term
                counts[target > 0] += 1
    background, foreground = (
        sums[kind] / (counts[kind] + 1e-6) for kind in (False, True)
    )
    return (1 - fg_share) * background + fg_share * foreground
