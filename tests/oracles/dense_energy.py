"""Loop form of the dense energy and of the gradient that goes with it."""

import math

import numpy as np

from .permutohedral import bilateral_features, lattice_filter


def dense_energy(
    logits: np.ndarray,
    img: np.ndarray,
    label: np.ndarray,
    valid: np.ndarray,
    sigma_rgb: float,
    sigma_xy: float,
    weight: float,
) -> tuple[float, np.ndarray]:
    """Value at half size, and the gradient by the softmax at half size.

    Args:
        logits: (N, K, H, W), even sizes.
        img: (N, 3, H, W) in 0..255.
        label: (N, H, W), 255 = ignore.
        valid: bool (N, H, W).
        sigma_rgb: grey levels.
        sigma_xy: pixels of the half-size image.
        weight: factor of the energy.

    Returns:
        The value, and its (inexact) gradient (N, K, H/2, W/2) with respect
        to the halved probabilities.
    """
    num_images, num_classes, height, width = logits.shape
    total = 0.0
    grad = np.zeros((num_images, num_classes, height // 2, width // 2))
    for n in range(num_images):
        small = img[n, :, ::2, ::2]
        prob = np.zeros(grad.shape[1:])
        for y in range(height):
            for x in range(width):
                odds = [math.exp(v) for v in logits[n, :, y, x]]
                prob[:, y // 2, x // 2] += np.array(odds) / sum(odds) / 4
        inside = prob * valid[n, ::2, ::2]
        features = bilateral_features(small, sigma_rgb, sigma_xy)
        near, _ = lattice_filter(features, inside.reshape(num_classes, -1).T)
        near = near.T.reshape(inside.shape)
        for y in range(height // 2):
            for x in range(width // 2):
                real = float(valid[n, 2 * y, 2 * x])
                gate = max(0.0, real - prob[:, y, x].max())
                if label[n, 2 * y, 2 * x] == 255:
                    gate = 1.0
                pull = weight / num_images * gate * near[:, y, x]
                total -= (inside[:, y, x] * pull).sum()
                grad[n, :, y, x] = -2 * pull * real
    return total, grad
