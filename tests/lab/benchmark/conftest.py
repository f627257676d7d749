import pytest

from tools.lab.benchmark import unit


@pytest.fixture(autouse=True)
def tiny_unit(monkeypatch):
    """A unit that takes milliseconds."""
    arch = dict(
        embed_dims=16, num_layers=1, num_heads=1, feedforward_channels=16
    )
    monkeypatch.setitem(unit.UNIT_BACKBONE, 'arch', arch)
    monkeypatch.setattr(unit, 'UNIT_SIZE', (1, 3, 32, 32))
