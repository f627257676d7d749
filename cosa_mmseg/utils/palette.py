"""Colours of classes."""


def voc_palette(num_classes: int) -> list[list[int]]:
    """The colour map of PASCAL VOC, continued beyond its 21 entries.

    The bits of a class id are dealt in turn to red, green and blue, the
    highest bit of each channel first.

    Args:
        num_classes (int): Number of entries, background included; <= 256.

    Returns:
        list[list[int]]: RGB colours in 0..255, shape (num_classes, 3).
    """
    return [
        [
            sum(((i >> (3 * bit + c)) & 1) << (7 - bit) for bit in range(8))
            for c in range(3)
        ]
        for i in range(num_classes)
    ]
