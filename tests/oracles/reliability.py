"""Reliability again, as loops over pixels: slow, plain, independent."""

import math


def perplexity(v, xi, lambda_a=0.8, lambda_b=1.0):
    """Perplexity of one pixel in Python's floats; infinite where v is xi."""
    d = (v - xi) / (1 - xi) if v >= xi else (xi - v) / xi
    return (-math.log(lambda_a * d)) ** lambda_b if d > 0 else math.inf


def reliability_weight(confidence, xi, valid_mask, lambda_a=0.8, lambda_b=1.0):
    """Loop form of ``PerplexityWeight`` from confidences.

    Args:
        confidence (Tensor): (N, H, W).
        xi (float): Threshold.
        valid_mask (Tensor): bool (N, H, W).
        lambda_a (float): Factor of the distance.
        lambda_b (float): Exponent.

    Returns:
        list[float]: Weights in the order of the pixels.
    """
    pixels = zip(
        confidence.flatten().tolist(),
        valid_mask.flatten().tolist(),
        strict=True,
    )
    inverse = [
        1 / perplexity(v, xi, lambda_a, lambda_b) if valid else None
        for v, valid in pixels
    ]
    counted = [value for value in inverse if value is not None]
    mean = sum(counted) / len(counted)
    return [0.0 if value is None else value / mean for value in inverse]
