"""Steps of data pipelines, as configs have them."""


def loads_masks(step: dict) -> bool:
    """Whether a step of a pipeline loads masks.

    Args:
        step: Its config, with ``type`` and maybe a scope before it.
    """
    return step['type'].split('.')[-1] == 'LoadAnnotations'


def without_masks(pipeline: list[dict]) -> list[dict]:
    """Return the steps of a pipeline that load no masks."""
    return [step for step in pipeline if not loads_masks(step)]
