"""Pseudo labels of a whole split as files, to train a second stage with."""

from .compare import compare_folders
from .export import (
    export_images,
    export_pseudo_labels,
    load_model,
)
from .folder import (
    KINDS,
    PseudoLabelFolder,
)
from .split import (
    build_split,
    mask_reader,
)
from .summary import (
    summarize,
    summary_tables,
)
from .whole_image import (
    ImagePseudoLabels,
    label_images,
)

__all__ = [
    'KINDS',
    'ImagePseudoLabels',
    'PseudoLabelFolder',
    'build_split',
    'compare_folders',
    'export_images',
    'export_pseudo_labels',
    'label_images',
    'load_model',
    'mask_reader',
    'summarize',
    'summary_tables',
]
