"""Label files and folders as labelling tools export them."""

import io
import json
import pickle

import numpy as np
import openpyxl
import pytest

from cosa_mmseg.datasets.label_files import parse_labels, read_labels
from cosa_mmseg.datasets.label_rows import LabelOptions

CAT, DOG, BOTH = ['cat'], ['dog'], ['cat', 'dog']


def read(name, content, **options):
    data = content if isinstance(content, bytes) else content.encode()
    return parse_labels(data, name, LabelOptions(**options))


def task(picture, *annotations, field='image'):
    """A task of Label Studio; an annotation is a list of its results."""
    return dict(
        id=1,
        data={field: picture},
        annotations=[
            dict(id=k, result=found, was_cancelled=False)
            for k, found in enumerate(annotations)
        ],
        predictions=[],
    )


def choices(*names, field='what'):
    return dict(type='choices', from_name=field, value=dict(choices=[*names]))


def brush(*names, field='mask'):
    value = dict(format='rle', rle=[0, 1], brushlabels=[*names])
    return dict(type='brushlabels', from_name=field, value=value)


LABEL_STUDIO = [
    task('/data/upload/1/0a1b2c3d-a%20b.jpg', [choices('cat', 'dog')]),
    task('/data/local-files/?d=my%20pictures/c.jpg', [choices('cat')]),
    task('s3://bucket/folder/d.png', []),
    task('https://host/e.jpg?X-Amz-Date=1', [brush('dog'), brush('dog')]),
    task('f.jpg'),  # nobody was there
]
MIN = dict(annotator=1, annotation_id=7, created_at='', lead_time=1.5)
JSON_MIN = [
    dict(MIN, id=1, image='/data/upload/1/0a1b2c3d-a.jpg', what='cat'),
    dict(MIN, id=2, image='b.jpg', what=dict(choices=BOTH)),
    dict(MIN, id=3, image='c.jpg', box=[dict(x=1, rectanglelabels=DOG)]),
    dict(MIN, id=4, image='d.jpg'),
]
COCO = dict(
    info={},
    licenses=[],
    # gaps between ids, Roboflow's category of all, an image without a box
    categories=[
        dict(id=0, name='pets', supercategory='none'),
        dict(id=7, name='cat', supercategory='pets'),
        dict(id=9, name='dog', supercategory='pets'),
        dict(id=11, name='cow', supercategory='pets'),
    ],
    images=[
        dict(id=5, file_name='a_jpg.rf.1234.jpg', width=4, height=4),
        dict(id=6, file_name='sub\\b.jpg', width=4, height=4),
        dict(id=8, file_name='c.jpg', width=4, height=4),
    ],
    annotations=[
        dict(id=1, image_id=5, category_id=7, bbox=[0, 0, 1, 1], iscrowd=0),
        dict(id=2, image_id=5, category_id=9, bbox=[0, 0, 1, 1], iscrowd=1),
        dict(id=3, image_id=6, category_id=7, bbox=[0, 0, 1, 1], iscrowd=0),
        dict(id=4, image_id=6, category_id=7, bbox=[0, 0, 1, 1], iscrowd=0),
    ],
)
DATUMARO = dict(
    info={},
    categories=dict(label=dict(labels=[dict(name='cat'), dict(name='dog')])),
    items=[
        dict(
            id='a',
            annotations=[
                dict(type='label', label_id=0),
                dict(type='polygon', label_id=1, points=[]),
                dict(type='caption', caption='nice'),
            ],
            image=dict(path='a.jpg', size=[4, 4]),
        ),
        dict(id='sub/b', annotations=[]),
    ],
)
FIFTYONE = dict(
    classes=['cat', 'dog'], labels={'a': 0, 'b': [0, 1], 'c': None, 'd': 'dog'}
)
SAMPLES = dict(
    samples=[
        dict(
            filepath='data/a.jpg',
            tags=['train'],
            metadata=dict(_cls='ImageMetadata', width=4),
            ground_truth=dict(_cls='Classification', label='cat'),
        ),
        dict(
            filepath='data/b.jpg',
            tags=[],
            ground_truth=dict(
                _cls='Classifications',
                classifications=[
                    dict(_cls='Classification', label='cat'),
                    dict(_cls='Classification', label='dog'),
                ],
            ),
        ),
        dict(filepath='/abs/c.jpg', tags=[], ground_truth=None),
    ]
)
LABELME = dict(
    version='5.5.0',
    flags=dict(cat=True, cow=False),
    shapes=[dict(label='dog', points=[], shape_type='polygon')],
    imagePath='..\\pictures\\a.jpg',
    imageData=None,
)
CREATE_ML = [
    dict(image='a.jpg', annotations=[dict(label='cat', coordinates={})]),
    dict(image='b.jpg', annotations=[]),
]
CVAT = """<?xml version="1.0" encoding="utf-8"?>
<annotations><version>1.1</version><meta><task><labels>
<label><name>cat</name><color>#fff</color></label>
<label><name>dog</name></label><label><name>cow</name></label>
</labels></task></meta>
<image id="0" name="a.jpg" subset="Train" width="4" height="4">
  <tag label="cat" source="manual"><attribute name="old">1</attribute></tag>
  <mask label="dog" rle="1, 2" left="0" top="0" width="3" height="1"/>
</image>
<image id="1" name="sub/b.jpg" subset="Validation" width="4" height="4"/>
</annotations>"""
VOC = """<annotation><folder>VOC</folder><filename>a.jpg</filename>
<object><name>cat</name><bndbox><xmin>1</xmin></bndbox>
<part><name>head</name></part></object>
<object><name>cat</name></object></annotation>"""


@pytest.mark.parametrize(
    ('name', 'content', 'tool', 'expected'),
    [
        (
            'a.json',
            LABEL_STUDIO,
            'Label Studio JSON',
            {
                'a b.jpg': BOTH,
                'my pictures/c.jpg': CAT,
                'folder/d.png': [],
                'e.jpg': DOG,
            },
        ),
        (
            'a.json',
            JSON_MIN,
            'Label Studio JSON-MIN',
            {'a.jpg': CAT, 'b.jpg': BOTH, 'c.jpg': DOG, 'd.jpg': []},
        ),
        (
            'a.json',
            COCO,
            'COCO JSON',
            {'a_jpg.rf.1234.jpg': BOTH, 'sub/b.jpg': CAT, 'c.jpg': []},
        ),
        ('a.json', DATUMARO, 'Datumaro JSON', {'a.jpg': BOTH, 'sub/b': []}),
        (
            'a.json',
            FIFTYONE,
            'FiftyOne JSON',
            {'a': CAT, 'b': BOTH, 'c': [], 'd': DOG},
        ),
        (
            'a.json',
            SAMPLES,
            'FiftyOne samples',
            {'data/a.jpg': CAT, 'data/b.jpg': BOTH, 'c.jpg': []},
        ),
        ('a.json', LABELME, 'LabelMe JSON', {'pictures/a.jpg': BOTH}),
        ('a.json', CREATE_ML, 'Create ML JSON', {'a.jpg': CAT, 'b.jpg': []}),
        ('a.xml', CVAT, 'CVAT XML', {'a.jpg': BOTH, 'sub/b.jpg': []}),
        ('a.xml', VOC, 'PASCAL VOC XML', {'a.jpg': CAT}),
        (
            'a.csv',
            'ImageID,Source,LabelName,Confidence\n'
            'x1,verification,cat,1\nx1,verification,dog,0\n'
            'x2,crowdsource,dog,0\n',
            'Open Images CSV',
            {'x1': CAT},
        ),
        (
            'a.csv',
            'TRAIN,gs://b/f/a.jpg,cat,dog\nTEST,gs://b/b.jpg,dog\n'
            'UNASSIGNED,gs://b/c.jpg\n',
            'AutoML CSV',
            {'f/a.jpg': BOTH, 'b.jpg': DOG},
        ),
        (
            'a.csv',
            'training,gs://b/a.jpg,cat,0.1,0.1,,,0.3,0.3,,\n'
            'training,gs://b/a.jpg,dog,0.1,0.1,,,0.3,0.3,,\n',
            'AutoML CSV',
            {'a.jpg': BOTH},
        ),
        # tables of other names
        (
            'a.csv',
            'annotation_id,annotator,choice,id,image,lead_time\n'
            '1,1,"{""choices"":[""cat"",""dog""]}",1,'
            '/data/upload/1/0a1b2c3d-a.jpg,2.5\n',
            'Label Studio CSV',
            {'a.jpg': BOTH},
        ),
        (
            '_classes.csv',
            'filename, cat, dog, Unlabeled\na.jpg, 1, 0, 0\nb.jpg, 0, 1, 0\n'
            'c.jpg, 0, 0, 1\n',
            'Roboflow CSV',
            {'a.jpg': CAT, 'b.jpg': DOG, 'c.jpg': []},
        ),
        (
            'a.csv',
            'file_name,label\na.jpg,cat\n',
            'Hugging Face CSV',
            {'a.jpg': CAT},
        ),
        ('a.csv', 'id,label\nx1,cat\nx2,dog\n', '', {'x1': CAT, 'x2': DOG}),
        (
            'a.csv',
            'image,label_1,label_2\na.jpg,cat,dog\nb.jpg,dog,\n',
            '',
            {'a.jpg': BOTH, 'b.jpg': DOG},
        ),
        (
            'a.jsonl',
            '{"file_name": "a.jpg", "label": "cat", "text": "x"}\n'
            '{"file_name": "b.jpg", "label": "dog"}\n',
            'Hugging Face JSON lines',
            {'a.jpg': CAT, 'b.jpg': DOG},
        ),
    ],
)
def test_what_a_tool_writes(name, content, tool, expected):
    if not isinstance(content, str):
        content = json.dumps(content)
    labels = read(name, content)
    assert labels.names == expected
    assert labels.tool == tool


def test_classes_are_those_that_a_tool_lists():
    assert read('a.json', json.dumps(COCO)).classes == ('cat', 'cow', 'dog')
    labels = read('a.xml', CVAT)
    assert labels.classes == ('cat', 'cow', 'dog')
    assert labels.splits == {'train': ['a.jpg'], 'val': ['sub/b.jpg']}
    labels = read('a.csv', 'TEST,gs://b/a.jpg,cat\n')
    assert labels.splits == {'test': ['a.jpg']}
    # a name that people would hardly write is one where a tool lists it
    odd = json.dumps(CREATE_ML).replace('cat', 'cat/dog; 0.5')
    assert read('a.json', odd).classes == ('cat/dog; 0.5',)


def test_pictures_that_nobody_has_labelled_are_no_negatives():
    labels = read('a.json', json.dumps(LABEL_STUDIO))
    assert '1 pictures that nobody has labelled' in labels.notes[0]
    cancelled = task('a.jpg', [choices('cat')])
    cancelled['annotations'][0]['was_cancelled'] = True
    content = json.dumps([cancelled, task('b.jpg', [choices('dog')])])
    assert read('a.json', content).names == {'b.jpg': DOG}


def test_annotators_who_disagree():
    both = task('a.jpg', [choices('cat')], [choices('dog')])
    with pytest.raises(ValueError, match=r"'a.jpg'.*--union"):
        read('a.json', json.dumps([both]))
    assert read('a.json', json.dumps([both]), union=True).names == {
        'a.jpg': BOTH
    }
    both['annotations'][1]['ground_truth'] = True
    assert read('a.json', json.dumps([both])).names == {'a.jpg': DOG}


@pytest.mark.parametrize(
    ('name', 'content'),
    [
        (
            'a.json',
            json.dumps([task('a.jpg', [choices('cat'), brush('old')])]),
        ),
        (
            'a.json',
            json.dumps([dict(MIN, image='a.jpg', what='cat', more='old')]),
        ),
        ('a.csv', 'image,class,tag\na.jpg,cat,old\n'),
        (
            'a.jsonl',
            '{"file_name": "a.jpg", "class": "cat", "tag": "old"}',
        ),
    ],
)
def test_several_fields_need_an_option(name, content):
    with pytest.raises(ValueError, match='--column of `cosa prepare labels`'):
        read(name, content)
    key = 'class' if name != 'a.json' else 'what'
    assert read(name, content, column=key).names == {'a.jpg': CAT}


@pytest.mark.parametrize(
    ('name', 'content', 'message'),
    [
        (
            'a.json',
            json.dumps([dict(task('a.jpg', []), data=dict(text='x'))]),
            'a task has 0 pictures, and must have one',
        ),
        (
            'a.json',
            json.dumps(dict(COCO, annotations=[dict(image_id=1)])),
            'annotation None has the image_id 1, which is none of those',
        ),
        (
            'a.json',
            json.dumps(dict(COCO, images=[dict(id=1)])),
            "is like a file of COCO JSON, but an entry lacks 'file_name'",
        ),
        ('a.xml', '<annotations', 'is not XML, or a part of it'),
        ('a.xml', '<svg/>', 'holds <svg>, and neither'),
        (
            'a.xml',
            '<!DOCTYPE a [<!ENTITY b "c">]><annotations>&b;</annotations>',
            'is not XML.*EntitiesForbidden',
        ),
        ('a.xlsx', 'x', 'is no Excel file, or a part of it'),
        ('a.npy', 'x', 'is no array of numpy'),
        (
            'a.csv',
            'filename,file_path,labels\na,b,c\n',
            'several columns of images, filename, file_path: head',
        ),
        (
            'a.jsonl',
            '{"file_name": "a.jpg", "label": 3}',
            'the label 3 is no number of 0 classes: list them in their order',
        ),
        *(
            (
                'a.json',
                json.dumps(dict(classes=BOTH, labels=dict(a=number))),
                f'the label {number} is no number of 2 classes',
            )
            for number in (-1, 2, True)
        ),
        (
            'a.csv',
            'ImageID,LabelName,Confidence\nx,cat,1\ny,cat,0.1\n',
            "line 3: the confidence must be 1 or 0, but is '0.1'",
        ),
        (
            'a.csv',
            'ImageID,LabelName,Confidence\nx,cat,\n',
            "line 2: the confidence must be 1 or 0, but is ''",
        ),
        (
            'a.csv',
            'ImageID,LabelName,Confidence\nx,cat,1\nx,cat,0\n',
            "line 3: image 'x' shows 'cat', and does not",
        ),
        ('a.csv', 'id,label\n1,cat\n', 'has no column of images'),
        (
            'a.csv',
            'TRAIN,gs://b/a.jpg,cat\nTEST\n',
            'line 2: the row names no address of an image',
        ),
    ],
)
def test_what_is_wrong_is_said(name, content, message):
    with pytest.raises(ValueError, match=message):
        read(name, content)


def test_numbers_of_classes_are_read_with_their_list():
    text = '{"file_name": "a.jpg", "label": 1}'
    assert read('a.jsonl', text, classes=BOTH).names == {'a.jpg': DOG}


def excel(**sheets):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def test_pictures_that_shorten_to_one_name_keep_the_longer(tmp_path):
    uploads = [
        task('/data/upload/1/ab12cd34-cat.jpg', [choices('cat')]),
        task('/data/upload/1/cd34ab12-cat.jpg', [choices('dog')]),
        task('/data/upload/1/cd34ab12-dog.jpg', [choices('dog')]),
    ]
    labels = read('a.json', json.dumps(uploads))
    assert labels.names == {
        'ab12cd34-cat.jpg': CAT,
        'cd34ab12-cat.jpg': DOG,
        'dog.jpg': DOG,
    }
    assert '2 pictures share their short names' in labels.notes[0]
    files = ['a.jpg', '/x/a.jpg', 'https://host/y/a.jpg']
    content = [
        dict(image=file, annotations=[dict(label=name)])
        for file, name in zip(files, ('cat', 'dog', 'cow'), strict=True)
    ]
    assert read('a.json', json.dumps(content)).names == {
        'a.jpg': CAT,
        'x/a.jpg': DOG,
        'y/a.jpg': ['cow'],
    }


def test_an_excel_file_is_bounded():
    far = openpyxl.Workbook()
    far.active['A1'] = 'image'
    far.active['XFD5000'] = 'far'
    file = io.BytesIO()
    far.save(file)
    with pytest.raises(ValueError, match=r'a.xlsx must have the header'):
        read('a.xlsx', file.getvalue())
    with pytest.raises(ValueError, match='is no Excel file, or a part of it'):
        read('a.xlsx', excel(a=[['image', 'cat']])[:-200])


def test_excel():
    flags = [['image', 'cat', 'dog'], ['a.jpg', 1, 0], ['b.jpg', True, 1]]
    labels = read('a.xlsx', excel(mine=flags, empty=[]))
    assert (labels.names, labels.tool) == (
        {'a.jpg': CAT, 'b.jpg': BOTH},
        'Excel',
    )
    names = [['image', 'labels'], ['a.jpg', 'cat;dog'], ['b.jpg', None]]
    assert read('a.xlsx', excel(mine=names)).names == {
        'a.jpg': BOTH,
        'b.jpg': [],
    }
    with pytest.raises(ValueError, match=r'has 2 sheets with cells \(a, b\)'):
        read('a.xlsx', excel(a=flags, b=names))


def saved(content):
    file = io.BytesIO()
    np.save(file, content, allow_pickle=True)
    return file.getvalue()


class Evil:
    def __reduce__(self):
        return open, ('written.txt', 'w')


def test_label_arrays_of_other_projects(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    flags = {'a': np.float32([1, 0]), 'b': np.float32([1, 1])}
    data = saved(flags)
    assert read('cls_labels.npy', data, classes=BOTH).names == {
        'a': CAT,
        'b': BOTH,
    }
    with pytest.raises(ValueError, match=r'lists of 2 numbers.*--classes'):
        read('cls_labels.npy', data)
    for content in (dict(a=Evil()), Evil()):
        with pytest.raises(
            ValueError, match=r'holds (_io|io)\.open, which is'
        ):
            read('cls_labels.npy', saved(content), classes=BOTH)
    for odd in (None, [0.5, 1], ['x'], [np.nan, 1]):
        with pytest.raises(ValueError, match=r"image 'a': the label must be"):
            read('cls_labels.npy', saved(dict(a=odd)), classes=BOTH)
    with pytest.raises(ValueError, match='must hold a dict'):
        read('cls_labels.npy', saved(np.zeros(3)), classes=BOTH)
    header = data[: data.index(b'\n') + 1]
    with pytest.raises(ValueError, match=r'os|posix'):
        read('a.npy', header + pickle.dumps(__import__('os').getcwd))
    assert not (tmp_path / 'written.txt').exists()


def write(root, files):
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not isinstance(content, str):
            content = json.dumps(content)
        path.write_text(content)


ROBOFLOW = dict(COCO, images=COCO['images'][:1], annotations=[])


@pytest.mark.parametrize(
    ('files', 'tool', 'expected', 'splits'),
    [
        (
            {
                'train/_classes.csv': 'filename, cat, dog\na.jpg, 1, 0\n',
                'valid/_classes.csv': 'filename, cat, dog\nb.jpg, 0, 1\n',
                'README.roboflow.txt': '',
            },
            'Roboflow CSV, in folders of splits',
            {'train/a.jpg': CAT, 'valid/b.jpg': DOG},
            {'train': ['train/a.jpg'], 'val': ['valid/b.jpg']},
        ),
        (
            {
                'train/_annotations.coco.json': COCO,
                'test/_annotations.coco.json': ROBOFLOW,
            },
            'COCO JSON, in folders of splits',
            {
                'test/a_jpg.rf.1234.jpg': [],
                'train/a_jpg.rf.1234.jpg': BOTH,
                'train/sub/b.jpg': CAT,
                'train/c.jpg': [],
            },
            None,
        ),
        (
            {'train/cat/a.jpg': '1', 'val/dog/b.jpg': '2'},
            'folders of classes, in folders of splits',
            {'train/cat/a.jpg': CAT, 'val/dog/b.jpg': DOG},
            {'train': ['train/cat/a.jpg'], 'val': ['val/dog/b.jpg']},
        ),
        (
            {
                'train/metadata.jsonl': '{"file_name":"a.jpg","label":"cat"}',
                'test/metadata.jsonl': '{"file_name":"b.jpg","label":"dog"}',
            },
            'Hugging Face JSON lines, in folders of splits',
            {'train/a.jpg': CAT, 'test/b.jpg': DOG},
            {'train': ['train/a.jpg'], 'test': ['test/b.jpg']},
        ),
        (
            {
                'a.json': dict(LABELME, imagePath='a.jpg'),
                'b.json': dict(LABELME, imagePath='b.jpg', shapes=[]),
                'a.jpg': '',
            },
            'LabelMe JSON',
            {'a.jpg': BOTH, 'b.jpg': CAT},
            {},
        ),
        (
            {'Annotations/a.xml': VOC, 'JPEGImages/a.jpg': ''},
            'PASCAL VOC XML',
            {'a.jpg': CAT},
            {},
        ),
        (
            {'annotations/instances_default.json': COCO, 'images/c.jpg': ''},
            'COCO JSON',
            {'a_jpg.rf.1234.jpg': BOTH, 'sub/b.jpg': CAT, 'c.jpg': []},
            {},
        ),
        (
            {'annotations.xml': CVAT, 'images/a.jpg': ''},
            'CVAT XML',
            {'a.jpg': BOTH, 'sub/b.jpg': []},
            {'train': ['a.jpg'], 'val': ['sub/b.jpg']},
        ),
        (
            {'labels.json': FIFTYONE, 'data/a.jpg': ''},
            'FiftyOne JSON',
            {'a': CAT, 'b': BOTH, 'c': [], 'd': DOG},
            {},
        ),
    ],
)
def test_folders_of_tools(tmp_path, files, tool, expected, splits):
    write(tmp_path, files)
    labels = read_labels(str(tmp_path))
    assert labels.names == expected
    assert labels.tool == tool
    if splits is not None:
        assert labels.splits == splits


@pytest.mark.parametrize(
    ('files', 'message'),
    [
        (
            {
                '_classes.csv': 'filename, cat\n',
                '_annotations.coco.json': COCO,
            },
            'several files of labels: name one',
        ),
        ({'a.json': COCO}, 'has a.json, which is no file of one picture'),
        (
            {'a.json': LABELME, 'b.json': '{'},
            'b.json: is not JSON',
        ),
        (
            {'train/cat/a.jpg': '', 'val/a.jpg': ''},
            'val: has no folder of a class',
        ),
    ],
)
def test_folders_that_are_not_clear(tmp_path, files, message):
    write(tmp_path, files)
    with pytest.raises(ValueError, match=message):
        read_labels(str(tmp_path))


def test_names_of_open_images(tmp_path):
    write(
        tmp_path,
        {
            'labels.csv': 'ImageID,LabelName,Confidence\nx,/m/01yrx,1\n',
            'class-descriptions.csv': '/m/01yrx,Cat\n/m/0bt9lr,Dog\n',
        },
    )
    assert read_labels(str(tmp_path / 'labels.csv')).names == {'x': ['Cat']}
