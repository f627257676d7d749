r"""Converts pretrained weights for a config: `cosa convert`.

python tools/model_converters/convert_weights.py model.safetensors \
    pretrained/vit_base_patch16_224.pth --config cosa_vit-b_voc.py
"""

from cosa_mmseg.cli.convert import main

if __name__ == '__main__':
    main()
