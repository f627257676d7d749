"""Weights & Biases over iterations, without the files around."""

import numpy as np
from mmengine.config import Config
from mmengine.registry import VISBACKENDS
from mmengine.visualization import WandbVisBackend
from mmengine.visualization.vis_backend import force_init_env


@VISBACKENDS.register_module()
class IterationWandbVisBackend(WandbVisBackend):
    """mmengine's ``WandbVisBackend``, with the iteration of each value.

    That one leaves out the iteration of scores and of pictures, which are
    then drawn over the number of calls; here ``iter`` is what all curves are
    drawn over. And it uploads every Python file below the current folder,
    those of a virtual environment too; here only the config is recorded.
    """

    def _init_env(self) -> None:
        super()._init_env()
        self._wandb.define_metric('*', step_metric='iter')

    @force_init_env
    def add_config(self, config: Config, **kwargs) -> None:
        """Record the config."""
        self._wandb.config.update(config.to_dict(), allow_val_change=True)

    @force_init_env
    def add_image(
        self, name: str, image: np.ndarray, step: int = 0, **kwargs
    ) -> None:
        """Record a picture, (H, W, 3) uint8 RGB."""
        picture = self._wandb.Image(image)
        self._wandb.log({name: picture, 'iter': step}, commit=self._commit)

    @force_init_env
    def add_scalars(
        self,
        scalar_dict: dict,
        step: int = 0,
        file_path: str | None = None,
        **kwargs,
    ) -> None:
        """Record values of one iteration."""
        self._wandb.log({**scalar_dict, 'iter': step}, commit=self._commit)
