"""A runner that runs no code of checkpoints."""

from mmengine.runner import Runner

from cosa_mmseg.utils.checkpoint_loaders import safe_loaders
from cosa_mmseg.utils.startup import formatted_once


class SafeRunner(Runner):
    """mmengine's runner; code that a checkpoint may hold is not run.

    It is so whatever hooks there are; where ours are, `Runner` does the same.
    """

    __init__ = formatted_once()(Runner.__init__)
    load_checkpoint = safe_loaders()(Runner.load_checkpoint)
    _init_model_weights = safe_loaders()(Runner._init_model_weights)
