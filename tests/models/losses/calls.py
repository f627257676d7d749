"""The losses, called on tensors instead of on what travels."""

from types import SimpleNamespace as Fields

import torch

from cosa_mmseg.models import losses
from cosa_mmseg.structures import PseudoLabels


def _on_tensors(kind, arrange):
    """Constructor of a loss that is called as ``arrange`` is."""

    def build(*args, **kwargs):
        loss = kind(*args, **kwargs)
        return lambda *tensors, **named: loss(*arrange(*tensors, **named))

    return build


def _c2s(seg_logits, label, label_aux=None, weight=None, weight_aux=None):
    pseudo = Fields(
        cam_label=label,
        cam_label_aux=label_aux,
        weight=weight,
        weight_aux=weight_aux,
    )
    return Fields(seg_logits=seg_logits), pseudo, None


def _s2c(cam, seg_prob, cam_aux=None):
    pseudo = PseudoLabels(
        cam_label=None,
        cam_label_aux=None,
        seg_prob=seg_prob,
        classes=torch.arange(cam.shape[1]),
        seg_label=seg_prob.argmax(dim=1),
    )
    return Fields(cam=cam, cam_aux=cam_aux), pseudo, None


def _csc(cam, label, perplexity, img_label):
    pseudo = Fields(cam_label_aux=label, perplexity_aux=perplexity)
    return Fields(cam=cam), pseudo, Fields(img_label=img_label)


def _energy(seg_logits, img, label, valid_mask):
    batch = Fields(strong_rgb=img, valid=valid_mask)
    return Fields(seg_logits=seg_logits), Fields(cam_label=label), batch


C2SLoss = _on_tensors(losses.C2SLoss, _c2s)
S2CLoss = _on_tensors(losses.S2CLoss, _s2c)
S2CCrossEntropyLoss = _on_tensors(losses.S2CCrossEntropyLoss, _s2c)
ContrastiveSeparationLoss = _on_tensors(losses.ContrastiveSeparationLoss, _csc)
DenseEnergyLoss = _on_tensors(losses.DenseEnergyLoss, _energy)
