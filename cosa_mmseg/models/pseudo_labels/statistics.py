"""Numbers in the log that show how pseudo labels fare."""

from torch import Tensor

from cosa_mmseg.structures import PseudoLabels

from ..ops.cam import IGNORE_INDEX


def summarize(pseudo: PseudoLabels) -> dict[str, Tensor]:
    """Summarise the pseudo labels of a batch, for the log.

    Args:
        pseudo (PseudoLabels): Of the assignment network.

    Returns:
        dict[str, Tensor]: 0-d each. Of all pixels of the main CPL the shares
        ``cpl_foreground``, ``cpl_background`` and ``cpl_ignored``;
        ``cpl_spl_agreement``, the share of its pixels, but for the ignored
        ones, where the SPL's argmax is the same class; where there are
        weights ``weight_foreground``, the mean over the foreground pixels (1
        over all pixels).
    """
    label = pseudo.cam_label
    background = label == 0
    ignored = label == IGNORE_INDEX
    foreground = ~(background | ignored)
    agree = (label == pseudo.seg_label) & ~ignored
    out = dict(
        cpl_foreground=foreground.float().mean(),
        cpl_background=background.float().mean(),
        cpl_ignored=ignored.float().mean(),
        cpl_spl_agreement=agree.sum() / (~ignored).sum().clamp(min=1),
    )
    if pseudo.weight is not None:
        total = (pseudo.weight * foreground).sum()
        out['weight_foreground'] = total / foreground.sum().clamp(min=1)
    return out
