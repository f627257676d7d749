"""Steps of data pipelines, as configs have them."""


def loads_masks(step: dict) -> bool:
    """Whether a step of a pipeline loads masks.

    Args:
        step: Its config, with ``type`` and maybe a scope before it.
    """
    return step['type'].split('.')[-1] == 'LoadAnnotations'
