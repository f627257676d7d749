"""Running statistics of BatchNorm layers on several processes."""

import torch
from mmengine.dist import all_reduce_params, is_distributed
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm


@torch.no_grad()
def share_batch_norm_statistics(model: nn.Module) -> None:
    """Average running means and variances over the processes.

    Each process updates them with its own batch, and a checkpoint holds those
    of the first.  Equal on all, they survive a resume, predict the same on
    each, and are of all images.  Those of ``SyncBatchNorm`` are equal anyhow.

    Args:
        model (nn.Module): Its layers in training mode are changed, in place.
    """
    if not is_distributed():
        return
    statistics = [
        value
        for layer in model.modules()
        if isinstance(layer, _BatchNorm)
        and not isinstance(layer, nn.SyncBatchNorm)
        and layer.training
        and layer.track_running_stats
        for value in (layer.running_mean, layer.running_var)
    ]
    if statistics:
        all_reduce_params(statistics, op='mean')
