"""A runner for tests."""

from .safe_runner import SafeRunner


class EvaluationRunner(SafeRunner):
    """mmengine's runner, for tests: a work dir keeps its training's config.

    What was tested is in ``vis_data/config.py`` of the test's own folder.
    """

    def dump_config(self) -> None:
        """Write nothing."""
