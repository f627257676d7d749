"""The released code's learning-rate schedule in closed form."""

from mmengine.optim import OptimWrapper
from mmengine.optim.scheduler.param_scheduler import _ParamScheduler
from mmengine.registry import PARAM_SCHEDULERS
from torch.optim import Optimizer


@PARAM_SCHEDULERS.register_module()
class WarmupPolyLR(_ParamScheduler):
    r"""Linear warm-up, then polynomial decay counted from iteration 0.

    Before step ``k``, with ``W = warmup_iters`` and ``T = end``:
    ``lr = base * (1 - (1 - k/W) * (1 - start_factor))`` for ``k < W``, then
    ``lr = base * max((1 - k/T) ** power, min_factor)``, and the last rate
    from ``T`` on (released code).  As the decay counts from 0, the rate drops
    to ``(1 - W/T) ** power`` of the base where the warm-up ends; mmengine's
    ``LinearLR`` followed by ``PolyLR`` has no such step.

    A resumed training has the rates that its config says for the iterations
    that are left: more of them, or another rate, can be set in between.

    Args:
        optimizer (Optimizer | OptimWrapper): Whose rates are set.
        warmup_iters (int): ``W``, 0 for no warm-up.
        end (int): ``T``, above ``W``; mmengine's runner fills in the number
            of iterations of the training.
        power (float): Exponent of the decay.
        start_factor (float): Factor of the first warm-up step.
        min_factor (float): The decay stays at or above it.
        last_step (int): Index of the last step; set on resume.
        by_epoch (bool): Only False is meant: steps are iterations.
        verbose (bool): Whether to print each rate.

    Raises:
        ValueError: If not ``0 <= warmup_iters < end``, or ``by_epoch``
            is set.
    """

    def __init__(
        self,
        optimizer: Optimizer | OptimWrapper,
        warmup_iters: int,
        end: int,
        power: float = 0.9,
        start_factor: float = 1e-6,
        min_factor: float = 0.0,
        last_step: int = -1,
        by_epoch: bool = False,
        verbose: bool = False,
    ) -> None:
        if not 0 <= warmup_iters < end:
            raise ValueError(
                'expected 0 <= warmup_iters < end, got '
                f'warmup_iters={warmup_iters}, end={end}; end, if it is not '
                'set, is train_cfg.max_iters with by_epoch=False, and else '
                'the number of epochs: a shorter training needs a shorter '
                'param_scheduler.warmup_iters'
            )
        if by_epoch:
            raise ValueError('WarmupPolyLR counts iterations: by_epoch=False')
        self.warmup_iters = warmup_iters
        self.power = power
        self.start_factor = start_factor
        self.min_factor = min_factor
        super().__init__(
            optimizer,
            param_name='lr',
            begin=0,
            end=end,
            last_step=last_step,
            by_epoch=False,
            verbose=verbose,
        )

    def load_state_dict(self, state_dict: dict) -> None:
        """Go on behind the steps of another one, on this one's course.

        Args:
            state_dict (dict): Of the schedule that was cut off.
        """
        self._global_step = state_dict['_global_step']
        self.last_step = min(self._global_step, self.end - 1)
        self._last_value = self._get_value()
        for group, rate in zip(
            self.optimizer.param_groups, self._last_value, strict=True
        ):
            group[self.param_name] = rate

    def _get_value(self) -> list[float]:
        """Rate of each parameter group for the coming step."""
        step = self.last_step
        if step < self.warmup_iters:
            missing = 1 - step / self.warmup_iters
            factor = 1 - missing * (1 - self.start_factor)
        else:
            decay = (1 - step / self.end) ** self.power
            factor = max(decay, self.min_factor)
        return [base * factor for base in self.base_values]
