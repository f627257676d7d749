from types import SimpleNamespace

import numpy as np
import pytest

from cosa_mmseg.apis.collapse import CollapseWatch

CLASSES = ('background', 'cat', 'dog')


def warnings(*pictures):
    watch = CollapseWatch()
    for ids, scores in pictures:
        watch.add(
            SimpleNamespace(
                label_map=np.array([ids], np.uint8),
                classes=CLASSES,
                scores=scores,
            )
        )
    return watch.warnings()


CAT = dict(cat=0.9, dog=0.1)
BOTH = dict(cat=0.9, dog=0.8)


@pytest.mark.parametrize(
    ('pictures', 'words'),
    [
        ([([0, 0], CAT)] * 5, 'all 5 predictions are background alone'),
        ([([0, 1], BOTH)] * 5, 'outlines in none: dog (5);'),
        ([([0, 0], CAT)] * 4, ''),  # too few
        ([([0, 1], CAT)] * 5, ''),
        ([([0, 1], BOTH)] * 4 + [([0, 2], BOTH)], ''),
        ([([0, 0], None)] * 5, 'all 5 predictions are background alone'),
    ],
)
def test_what_looks_like_a_collapse(pictures, words):
    found = warnings(*pictures)
    assert len(found) == bool(words)
    assert words in ''.join(found)
