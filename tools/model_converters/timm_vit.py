r"""Convert the weights of a timm ViT for mmpretrain's VisionTransformer.

Save timm's weights where there is a network, then convert them::

    import timm, torch
    model = timm.create_model('vit_base_patch16_224', pretrained=True)
    torch.save(model.state_dict(), 'timm.pth')

    python tools/model_converters/timm_vit.py timm.pth \
        pretrained/vit_base_patch16_224.pth
"""

import argparse
from pathlib import Path

import torch

from cosa_mmseg.utils.convert_weights import timm_vit_to_mmpretrain


def parse_args(args: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('src', type=Path, help="timm's state dict, .pth")
    parser.add_argument('dst', type=Path, help='where to write the weights')
    return parser.parse_args(args)


def main(args: list[str] | None = None) -> None:
    """Convert one file."""
    options = parse_args(args)
    state = torch.load(options.src, map_location='cpu', weights_only=True)
    state = timm_vit_to_mmpretrain(state.get('state_dict', state))
    options.dst.parent.mkdir(parents=True, exist_ok=True)
    torch.save(dict(state_dict=state), options.dst)
    print(f'wrote {len(state)} tensors to {options.dst}')


if __name__ == '__main__':
    main()
