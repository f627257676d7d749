"""Scores of segmentation and of class activation maps.

Two kinds of scores exist, and their names keep them apart.  A *label-free*
score needs the image alone.  A *label-filtered* score knows the true
image-level labels of the evaluated image and drops every other class from
the prediction; it is higher, is not what a user of the model would see, and
is never called plain ``mIoU``.

=============================== ============ ========= ======================
Key of the log                  Map          Classes   Metric
=============================== ============ ========= ======================
``mIoU``                        segmentation all       mmseg.IoUMetric
``mIoU_label_filtered``         segmentation true      LabelFilteredIoUMetric
``cam_mIoU``                    main CAM     predicted CAMIoUMetric
``cam_mIoU_label_filtered``     main CAM     true      CAMIoUMetric
``cam_aux_mIoU``                aux. CAM     predicted CAMIoUMetric
``cam_aux_mIoU_label_filtered`` aux. CAM     true      CAMIoUMetric
``cls_mAP``, ``cls_image_mAP``  none         all       ClassificationMetric
=============================== ============ ========= ======================

``aAcc`` and ``mAcc`` (pixel accuracy, mean class accuracy) accompany the
first two, with the same suffix.  Each ``cam_`` key is the score at the fixed
threshold .5 and comes with two more: ``<key>_best``, the highest score over a
sweep of thresholds, and ``<key>_best_threshold``, where it was reached.  The
sweep looks at the masks it is scored on, so ``_best`` describes the map; it
is not a result.  ``cls_mAP`` is the mean average precision of the class
scores.  `ContextFalsePositiveMetric` adds how often the usual surroundings of
one class are taken for it; `CAMDropMetric` judges CAMs without masks, by the
classifier.  All scores are percentages, thresholds lie in
(0, 1].

With ``model.test_cfg.network='both'`` the keys are the assignment network's,
and `OnlineNetworkMetric` reports each once more for the online network, as
``online_<key>``.

Each image counts once, whatever the number of processes.  `CAMIoUMetric`
keeps sums; ``mmseg.IoUMetric`` and its subclass here each keep four
histograms an image, 3.7 kB with 81 classes (150 MB for the 40,504 images of
COCO val2014, 11 MB for VOC val); `ClassificationMetric` keeps two numbers a
class and image.
"""

from .cam_drop_metric import CAMDropMetric
from .cam_iou_metric import CAMIoUMetric
from .classification_metric import ClassificationMetric
from .context_metric import ContextFalsePositiveMetric
from .functional import confusion_matrix, segmentation_scores
from .label_filtered_iou_metric import LabelFilteredIoUMetric
from .online_network_metric import OnlineNetworkMetric
from .submission import SubmissionFormatter

__all__ = [
    'CAMDropMetric',
    'CAMIoUMetric',
    'ClassificationMetric',
    'ContextFalsePositiveMetric',
    'LabelFilteredIoUMetric',
    'OnlineNetworkMetric',
    'SubmissionFormatter',
    'confusion_matrix',
    'segmentation_scores',
]
