"""An index that carries the random numbers of its sample."""

from contextlib import AbstractContextManager, nullcontext

from cosa_mmseg.utils.random_numbers import seeded


class Draw(int):
    """Index of a sample, with its place in the order of a training.

    A data loader hands its workers indices and nothing else.  What is random
    in a sample follows from ``seed`` and ``position``, so that it is the same
    in any process, after any other sample.

    mmengine's ``RepeatDataset`` and ``ConcatDataset`` turn an index into that
    of the data set they wrap by ``%`` and ``-``, which keep the place.

    Args:
        index (int): Index of the sample.
        seed (int): Seed of the run.
        position (int): Number of samples drawn before it, by all processes.
    """

    seed: int
    position: int

    def __new__(cls, index: int, seed: int, position: int) -> 'Draw':
        """Make the integer, which ``__init__`` could not."""
        draw = super().__new__(cls, index)
        draw.seed = seed
        draw.position = position
        return draw

    def __getnewargs__(self) -> tuple[int, int, int]:  # type: ignore[override]
        return int(self), self.seed, self.position

    def __mod__(self, other: int) -> 'Draw':
        return Draw(int(self) % other, self.seed, self.position)

    def __sub__(self, other: int) -> 'Draw':
        return Draw(int(self) - other, self.seed, self.position)


def random_numbers_of(index: int) -> AbstractContextManager:
    """Random numbers for a sample; the caller's go on behind it.

    Args:
        index (int): A :class:`Draw`; any other integer, as in evaluation,
            changes nothing.

    Returns:
        AbstractContextManager: In which to load the sample.
    """
    if isinstance(index, Draw):
        return seeded(index.seed, index.position)
    return nullcontext()
