"""Pretrained weights for the network of a config."""

from dataclasses import dataclass, field
from pathlib import Path

from mmengine.config import Config, ConfigDict
from mmengine.registry import MODELS, init_default_scope

from cosa_mmseg.utils.config_errors import naming_the_key
from cosa_mmseg.utils.weights import WeightsError, read_weights

from .fit import Fitted, fit_weights
from .sources import Source, identify


@dataclass
class Conversion(Fitted):
    """Converted weights and what became of the others.

    Attributes:
        source: Whose weights they were.
        target: What loads them.
        num_taken: How many tensors of the checkpoint are in ``state``.
        use: What has them loaded; ``FILE`` stands for their file.
        added: Names of weights that the checkpoint lacks -> their value.
    """

    source: str = ''
    target: str = ''
    num_taken: int = 0
    use: str = ''
    added: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        lines = [
            f'{self.num_taken} tensors of {self.source} taken for '
            f'{self.target}'
        ]
        for title, notes in (
            ('changed', self.changed),
            ('left out', self.left_out),
            ('added', self.added),
        ):
            lines += [
                f'  {title}: {k} ({v})' for k, v in sorted(notes.items())
            ]
        return '\n'.join([*lines, f'  use: {self.use}'])


def convert_weights(path: str | Path, cfg: Config) -> Conversion:
    """Convert a checkpoint for the network of a config.

    Weights of a backbone are for ``init_cfg=dict(type='Pretrained',
    checkpoint=...)`` of the config's backbone; those of a whole network of
    the released code for both of CoSA's networks (``load_from``,
    ``cosa test``).

    Args:
        path: A checkpoint of timm, DeiT, DeiT III, augreg, DINO, DINOv2,
            mmpretrain, mmseg or the released code; whose it is, its names
            tell.
        cfg: A config whose ``model`` is a CoSA or an mmseg segmentor.

    Raises:
        FileNotFoundError: If there is no such checkpoint.
        WeightsError: If it cannot be read or does not fit; the message says
            why and what to do.
    """
    source = identify(read_weights(path), path)
    init_default_scope(cfg.get('default_scope', 'mmengine'))
    try:
        return _convert(source, cfg)
    except WeightsError as err:
        raise WeightsError(f'{path} does not fit: {err}') from err


def _convert(source: Source, cfg: Config) -> Conversion:
    """Convert weights for the backbone, or for both networks of a CoSA."""
    place, settings = _find_target(source, cfg)
    with naming_the_key(settings, place):
        network = MODELS.build(settings)
    fitted = fit_weights(source, network, settings.get('features_only', False))
    if not source.is_released:
        return Conversion(
            **vars(fitted),
            source=source.title,
            target=f'the backbone {settings.type}',
            num_taken=len(fitted.state),
            use=f"{place}.init_cfg=dict(type='Pretrained', checkpoint=FILE)",
        )
    biases = [
        name
        for name in fitted.state
        if name.startswith('decode_head.') and name.endswith('.bias')
    ]
    num_taken = len(fitted.state) - len(biases)
    fitted.state = {
        f'{prefix}.{name}': value.clone()
        for prefix in ('online', 'assignment')
        for name, value in fitted.state.items()
    }
    return Conversion(
        **vars(fitted),
        source=source.title,
        target=f'both networks of {cfg.model.type}',
        num_taken=num_taken,
        use='cosa test CONFIG FILE, or load_from=FILE in a config',
        added=dict.fromkeys(biases, '0: the released head has none'),
    )


def _find_target(source: Source, cfg: Config) -> tuple[str, ConfigDict]:
    """Return what takes the weights, and its key in the config."""
    has_network = 'network' in cfg.model
    if source.is_released:
        if not has_network:
            raise WeightsError(
                "these are weights of a whole CoSA network, and the config's "
                "model has no `network`: choose one of type='CoSA', such as "
                'cosa_vit-b_voc_released.py'
            )
        return 'model.network', cfg.model.network
    settings = cfg.model.get('network', cfg.model).get('backbone')
    if settings is None:
        raise WeightsError(
            "the config's model has neither a network nor a backbone to take "
            'the weights'
        )
    if settings.get('pretrained'):
        raise WeightsError(
            "the config's backbone says pretrained="
            f'{settings.pretrained!r}, which takes the place of init_cfg: '
            'remove it'
        )
    return f'model{".network" * has_network}.backbone', settings
