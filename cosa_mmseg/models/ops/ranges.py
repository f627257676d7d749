"""Ranges of the settings that several losses have."""


def check_shares(**settings: float | None) -> None:
    """Raise unless all settings that are not None are in [0, 1].

    Args:
        **settings (float, optional): By their names.

    Raises:
        ValueError: Naming the first one that is not.
    """
    for name, value in settings.items():
        if value is not None and not 0 <= value <= 1:
            raise ValueError(f'{name} must be in [0, 1], got {value}')


def check_weights(**settings: float) -> None:
    """Raise unless all settings are at least 0: losses are not maximised.

    Args:
        **settings (float): By their names.

    Raises:
        ValueError: Naming the first one that is not.
    """
    for name, value in settings.items():
        if not value >= 0:
            raise ValueError(f'{name} must be at least 0, got {value}')
