"""Read masks back with the packages of labelling tools; prints IoU, JSON.

Run in an environment of their own:
    pip install datumaro label-studio-sdk labelme pycocotools
    python tests/apis/read_back.py OUT PICTURES
"""

import json
import shutil
import sys
import tempfile
from pathlib import Path

import datumaro
import numpy as np
from label_studio_sdk.converter import brush
from labelme._label_file import LabelFile
from PIL import Image
from pycocotools import mask as coco_mask

OUT, PICTURES = map(Path, sys.argv[1:])
MAPS = {
    path.relative_to(OUT / 'pred').with_suffix('').as_posix(): np.array(
        Image.open(path)
    )
    for path in OUT.glob('pred/**/*.png')
}


def best(found, name):
    """Return the IoU of a mask with the class that it fits best."""
    truth = MAPS[name]
    return max(
        float((found & (truth == k)).sum() / (found | (truth == k)).sum())
        for k in np.unique(truth)
        if k
    )


def label_studio():
    for task in json.loads((OUT / 'label_studio.json').read_text()):
        name = task['data']['image'][:-4]
        for result in task['predictions'][0]['result']:
            values = brush.decode_rle(result['value']['rle'])
            yield best(values.reshape(*MAPS[name].shape, 4)[..., 3] > 0, name)


def labelme():
    for path in OUT.glob('labelme/**/*.json'):
        name = path.relative_to(OUT / 'labelme').with_suffix('').as_posix()
        for shape in LabelFile(str(path)).shapes:
            (left, top), (right, bottom) = np.array(shape['points'], int)
            found = np.zeros(MAPS[name].shape, bool)
            found[top : bottom + 1, left : right + 1] = shape['mask']
            yield best(found, name)


def with_datumaro(file, kind, images, target):
    folder = Path(tempfile.mkdtemp())
    shutil.copytree(PICTURES, folder / images)
    (folder / target).parent.mkdir(exist_ok=True)
    shutil.copy(OUT / file, folder / target)
    for item in datumaro.Dataset.import_from(str(folder), kind):
        size, found = MAPS[item.id].shape, {}
        for one in item.annotations:
            if one.type == datumaro.AnnotationType.mask:
                mask = np.array(one.image).astype(bool)
            elif one.type == datumaro.AnnotationType.polygon:
                code = coco_mask.frPyObjects([one.points], *size)
                mask = coco_mask.decode(coco_mask.merge(code)).astype(bool)
            else:  # boxes
                continue
            found[one.label] = found.get(one.label, False) | mask
        yield from (best(mask, item.id) for mask in found.values())


COCO = (
    'coco_instances',
    'images/default',
    'annotations/instances_default.json',
)
FOUND = {
    'labelme': labelme(),
    'label-studio': label_studio(),
    'coco': with_datumaro('coco.json', *COCO),
    'coco-polygons': with_datumaro('coco_polygons.json', *COCO),
    'cvat': with_datumaro('cvat.xml', 'cvat', 'images', 'default.xml'),
}
print(json.dumps({kind: min(values) for kind, values in FOUND.items()}))
