"""An endless order of samples that can be entered anywhere."""

from collections.abc import Iterator, Sized
from itertools import count

import torch
from mmengine.dist import get_dist_info, sync_random_seed
from mmengine.registry import DATA_SAMPLERS
from torch.utils.data import Sampler

from cosa_mmseg.utils.random_numbers import derive_seeds

from .draw import Draw


@DATA_SAMPLERS.register_module()
class ResumableSampler(Sampler):
    """mmengine's ``InfiniteSampler`` with a place for each draw.

    The training goes through the data set again and again, in an order that
    follows from the seed and the number of the epoch.  An epoch has each
    sample once or, where the data set has ``drawn_indices``, those: some may
    be there several times.  Of these positions
    process r of R takes r, r + R, r + 2R, ...: none is left out or drawn
    twice, whatever the sizes, and an optimiser step has the same images for
    any number of processes that reaches the same total batch.

    What is yielded is a :class:`Draw`, from which a
    :class:`CheckedSegDataset` takes the random numbers of the sample.

    Args:
        dataset (Sized): The data set.
        shuffle (bool): False goes through it in its own order. Defaults to
            True.
        seed (int, optional): The same on all processes. Defaults to None: one
            that they agree on.

    Raises:
        ValueError: If the data set is empty.
    """

    def __init__(
        self, dataset: Sized, shuffle: bool = True, seed: int | None = None
    ) -> None:
        self.rank, self.world_size = get_dist_info()
        indices = getattr(dataset, 'drawn_indices', None)
        self.indices = [*(indices or range(len(dataset)))]
        self.size = len(self.indices)
        if not self.size:
            raise ValueError(
                f'{type(dataset).__name__} is empty: there is nothing to '
                'train with'
            )
        self.shuffle = shuffle
        self.seed = sync_random_seed() if seed is None else seed
        self.num_skipped = 0

    def skip(self, num_samples: int) -> None:
        """Have the next iterator begin later; nothing is read.

        Args:
            num_samples (int): Samples of this process that it passes over,
                counted from the start of the training.
        """
        self.num_skipped = num_samples

    def __iter__(self) -> Iterator[Draw]:
        """Yield the draws of this process, without end."""
        first = self.rank + self.num_skipped * self.world_size
        epoch = -1
        for position in count(first, self.world_size):
            if position // self.size != epoch:
                epoch = position // self.size
                order = self._order(epoch)
            yield Draw(order[position % self.size], self.seed, position)

    def _order(self, epoch: int) -> list[int]:
        """Return the indices of an epoch in its order."""
        if not self.shuffle:
            return self.indices
        (seed,) = derive_seeds(self.seed, epoch)
        generator = torch.Generator().manual_seed(seed)
        order = torch.randperm(self.size, generator=generator)
        return torch.tensor(self.indices)[order].tolist()

    def __len__(self) -> int:
        """Return the number of samples of an epoch."""
        return self.size
