"""Models without what distributes them."""

from typing import Any

from mmengine.model import is_model_wrapper


def bare_model(model: Any) -> Any:
    """Return the model in a wrapper such as ``DistributedDataParallel``.

    Args:
        model (nn.Module): With or without a wrapper.
    """
    return model.module if is_model_wrapper(model) else model
