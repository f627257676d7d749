"""Label files as tools and people write them: read right, or refused."""

import pytest

from cosa_mmseg.datasets.label_files import parse_labels, read_labels
from cosa_mmseg.datasets.label_rows import LabelOptions

CAT, DOG, BOTH = ['cat'], ['dog'], ['cat', 'dog']


def read(name, text, **options):
    return parse_labels(text.encode(), name, LabelOptions(**options))


@pytest.mark.parametrize(
    ('name', 'text', 'expected'),
    [
        # Label Studio
        (
            'a.csv',
            'id,image,labels\n1,a,cat\n2,b,"{""choices"":[""cat"",""dog""]}"\n',
            [CAT, BOTH],
        ),
        ('a.jsonl', '{"image": "a", "labels": {"choices": ["cat"]}}', [CAT]),
        # lists in cells, as of JSON and of Python
        ('a.csv', 'image,labels\na,"[""cat"",""dog""]"\nb,[]\n', [BOTH, []]),
        ('a.csv', "image,labels\na,\"['cat', 'dog']\"\nb,{}\n", [BOTH, []]),
        ('a.csv', 'image,labels\na,(other)\n', [['(other)']]),
        # words for nothing
        ('a.csv', 'image,labels\na,none\nb,NaN\nc,cat\n', [[], [], CAT]),
        (
            'a.csv',
            'image,labels\na,null\nb,N/A\nc,-\nd,cat\n',
            [[]] * 3 + [CAT],
        ),
        ('a.json', '{"a": null, "b": ["None"], "c": ["cat"]}', [[], [], CAT]),
        ('a.json', '{"a": [null], "b": NaN, "c": ["cat"]}', [[], [], CAT]),
        ('a.csv', 'image,cat,none\na,1,0\nb,0,1\n', [CAT, []]),
        ('a.txt', 'a\tcat\nb\tnone\n', [CAT, []]),
        # flags of many kinds
        ('a.csv', 'image,cat,dog\na,yes,NO\nb,n,Y\n', [CAT, DOG]),
        ('a.csv', 'image,cat,dog\na,x,\nb,,X\n', [CAT, DOG]),
        ('a.csv', 'image,cat,dog\na,1,\nb,,1\n', [CAT, DOG]),
        ('a.csv', 'image,cat,dog\na,TRUE,FALSE\nb,0.0,1.0\n', [CAT, DOG]),
        # columns of no class
        ('a.csv', ',image,cat\n0,a,1\n1,b,0\n2,c,1\n', [CAT, [], CAT]),
        ('a.csv', 'Unnamed: 0,image,cat\n0,a,1\n1,b,0\n', [CAT, []]),
        ('a.csv', 'image,cat,\na,1,\nb,0,\n', [CAT, []]),
        (
            'a.csv',
            'image,cat,img_width,date\na,1,64,May\nb,0,48,\n',
            [CAT, []],
        ),
        ('a.csv', 'image,cat,train\na,1,0\nb,0,1\n', [CAT, ['train']]),
        # tables of other programs
        ('a.csv', 'image\tlabels\na\tcat;dog\n', [BOTH]),
        ('a.csv', 'sep=;\nimage;labels\na;cat\n', [CAT]),
        ('a.csv', '"";"image";"labels"\n"1";"a";"cat"\n', [CAT]),
        ('a.csv', 'image,labels\r\na,cat\rb,dog\r', [CAT, DOG]),
        ('a.csv', 'image,labels\na,cat\nimage,labels\nb,dog\n', [CAT, DOG]),
        ('a.csv', 'image,labels\na,cat;\nb,"cat;dog; "\n', [CAT, BOTH]),
        ('a.txt', 'image\tlabels\na\tcat\tdog\n', [BOTH]),
        ('a.txt', 'image\tcat\tdog\na\t1\t0\nb\t0\t1\n', [CAT, DOG]),
        ('a.txt', 'a\tcat;dog\nb\t["cat", "dog"]\n', [BOTH, BOTH]),
        # the background
        ('a.csv', 'image,labels\na,Background;cat\nb,background\n', [CAT, []]),
        ('a.csv', 'image,__background__,cat\na,1,1\nb,1,0\n', [CAT, []]),
        ('a.json', '[{"image": "a", "labels": ["cat"], "id": 1}]', [CAT]),
        # names that only look odd
        (
            'a.csv',
            'image,labels\na,cat/dog\nb,fish\n',
            [['cat/dog'], ['fish']],
        ),
        (
            'a.csv',
            'image,labels\na,cat\nb,cat\u00a0\nc,ca\u200bt\nd,"\'cat\'"\n',
            [CAT] * 4,
        ),
    ],
)
def test_read_right(name, text, expected):
    assert list(read(name, text).names.values()) == expected


def third(cell):
    return f'image,labels\na,cat\nb,dog\nc,{cell}\n'


@pytest.mark.parametrize(
    ('name', 'text', 'message'),
    [
        (
            'a.csv',
            third('cat|dog'),
            "line 4: .*'cat|dog' is likely sev",
        ),
        ('a.csv', third('"cat, dog"'), 'line 4: .*likely several'),
        ('a.csv', third('fish/cat'), '`label_separator`.*`classes`'),
        ('a.csv', third('cat dog'), "'cat dog' is likely several"),
        (
            'a.csv',
            third('Cat'),
            "line 4: the classes 'cat', 'Cat' are",
        ),
        ('a.csv', third('ｃａｔ'), 'likely one: spell them alike, or'),
        ('a.csv', third('cat;none'), 'line 4: .* a class, and none'),
        (
            'a.csv',
            third('[cat]'),
            r"line 4: the cell '\[cat\]' is no li",
        ),
        (
            'a.csv',
            third('"[{""x"": 1}]"'),
            'line 4: the cell .* is no',
        ),
        # strings that Python would join
        (
            'a.csv',
            third("['cat' 'dog']"),
            'line 4: the cell .* is no l',
        ),
        ('a.csv', third('x' * 201), 'line 4: .* has 201 characters'),
        ('a.csv', 'image,labels\na,True\nb,False\n', 'whether a class is sh'),
        (
            'a.json',
            '{"a": [1, 0], "b": [0]}',
            "the labels are '1', '0', which say",
        ),
        ('a.csv', 'image,labels\na,cat|dog\nb,x|y\n', "'cat.dog' is likely s"),
        ('a.txt', 'a\tcat, dog\nb\tdog\n', '1: .* several: .*--separator'),
        ('a.txt', 'a\t["cat"\nb\t[cat]\n', 'line 2: the cell .* is no list'),
        ('a.txt', 'a\t3 0.5 0.5 0.1\n', "'3 0.5 0.5 0.1' has numbers in it"),
        (
            'a.csv',
            'image,cat,is_train\na,1,0\nb,0,1\n',
            "'is_train' holds 0 an",
        ),
        (
            'a.csv',
            'image,cat,verified\na,1,1\nb,0,1\n',
            "'verified' holds 0 an",
        ),
        ('a.csv', 'image,label\na,0\nb,1\n', "'label' holds 0 and 1, and may"),
        ('a.csv', 'image,train,val,cat\na,1,0,1\n', "'train' holds 0 and 1"),
        ('a.csv', 'image,cat,dog\na,1,-1\n', "'dog' .*'-1', .* nobody knows"),
        (
            'a.csv',
            'image,cat,dog\na,1,0\nb,,1\n',
            "line 3: .*'cat' .* '', whi",
        ),
        ('a.csv', 'image,cat,Cat\na,1,0\n', "'cat', 'Cat' are likely one"),
        ('a.csv', 'image,cat,c\u200bat\na,1,0\n', 'likely of one class'),
        ('a.csv', 'image,cat,cat.1\na,1,0\n', "'cat' and 'cat.1' are likely"),
        ('a.csv', 'image,width\na,640\n', 'has no column of a class beside'),
        ('a.csv', 'image,labels,score\na,cat,0.0\n', "line 2: column 'score'"),
        (
            'a.csv',
            'a.jpg,cat\nb.jpg,dog\n',
            "header `image,labels`.*'a.jpg,cat",
        ),
        (
            'a.csv',
            'image,labels\na,cat\na,dog\n',
            'line 3: .*--union, `label_u',
        ),
        ('a.json', '{"a": [1, 0], "b": [0, 1]}', 'lists of 2 numbers 0 and 1'),
        ('a.json', '{"a": [true, false]}', 'lists of 2 .* in their order'),
        ('a.txt', 'a\t0\t1\t0\nb\t1\t1\t0\n', 'lists of 3 numbers 0 and 1'),
        ('a.json', '{"cat": ["a.jpg", "b.jpg"]}', "'a.jpg' is the name of an"),
        ('a.txt', 'cat\ta.png\n', "line 1: the class 'a.png' is the name of"),
        # whole formats of tools
        (
            'a.json',
            '[{"id": 1, "annotations": [], "data": {"image": "a.jpg"}}]',
            'a.json is empty: it lists no image',
        ),
        (
            'a.json',
            '{"info": {}, "images": [], "categories": [], "annotations": []}',
            'a.json is empty: it lists no image',
        ),
        ('a.json', '{"a1": {"filename": "a", "regions": []}}', 'VGG Image'),
        (
            'a.json',
            '{"categories": {}, "items": []}',
            "is like a file of Datumaro JSON, but an entry lacks 'label'",
        ),
    ],
)
def test_refused_with_the_reason(name, text, message):
    with pytest.raises(ValueError, match=message) as err:
        read(name, text)
    assert str(err.value).startswith(f'{name} ')
    assert '\n' not in str(err.value)


@pytest.mark.parametrize(
    ('text', 'classes', 'expected'),
    [
        (third('none'), ['cat', 'dog', 'none'], ['none']),
        (third('cat|dog'), ['cat', 'dog', 'cat|dog'], ['cat|dog']),
        (third('[cat]'), ['cat', 'dog', '[cat]'], ['[cat]']),
        (third('CAT'), ['cat', 'dog'], ['cat']),
        (third('CAT'), ['cat', 'CAT', 'dog'], ['CAT']),
        ('image,cat,verified\na,1,1\n', ['cat'], ['cat']),
        (
            'image,cat,verified\na,1,1\n',
            ['cat', 'verified'],
            ['cat', 'verified'],
        ),
        ('image,cat,age\na,1,34\n', ['cat'], ['cat']),
        (
            'image,labels\na,"[1, 0, 1]"\n',
            ['fish', 'dog', 'cat'],
            ['fish', 'cat'],
        ),
    ],
)
def test_a_list_of_classes_decides(text, classes, expected):
    labels = read('a.csv', text, classes=classes)
    assert list(labels.names.values())[-1] == expected
    assert set(labels.classes) <= {*classes}


def test_a_separator_and_a_union_decide():
    labels = read('a.csv', third('cat|dog'), separator='|')
    assert labels.names['c'] == BOTH
    with pytest.raises(ValueError, match='separator .* must not be empty'):
        read('a.csv', third('cat'), separator='')
    rows = 'image,labels\na,cat\na,dog\na,cat\nb,dog\n'
    for name, text in (
        ('a.csv', third('cat  dog')),
        ('a.txt', 'c\tcat dog\nd\tcat\n'),
        ('a.json', '{"c": ["cat dog"], "d": ["cat"]}'),
    ):
        assert read(name, text, separator=' ').names['c'] == BOTH
    assert read('a.csv', rows, union=True).names == {'a': BOTH, 'b': DOG}


def test_what_is_read_otherwise_is_noted():
    labels = read('a.csv', third('NONE'), classes=['Cat', 'dog'])
    assert labels.notes == (
        "labels that are read as no class: 'NONE' (1 images); if one is a "
        'class, list it with the others (--classes, `classes`)',
        "names that are read: 'cat' (1 images) as 'Cat'",
    )
    labels = read('a.csv', 'image,labels,split\na,cat,test\n')
    assert labels.notes == ('columns that are not read: split',)


def test_there_may_be_254_classes_whatever_the_format():
    names = [f'c{i}' for i in range(255)]
    for name, text in (
        ('a.txt', 'a\t' + '\t'.join(names)),
        ('a.csv', f'image,labels\na,{";".join(names)}\n'),
        ('a.csv', f'image,{",".join(names)}\na{",1" * 255}\n'),
    ):
        with pytest.raises(ValueError, match='has 255 classes; at most 254'):
            read(name, text)
    many = f'image,{",".join(map(str, range(20_000)))}\n'
    with pytest.raises(ValueError, match='a.csv has 20001 columns'):
        read('a.csv', many)


def write(root, *paths):
    """Empty files; the content of a file is what follows its ``=``."""
    for path in paths:
        name, _, content = path.partition('=')
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content)


@pytest.mark.parametrize(
    ('paths', 'message'),
    [
        (['train/a.jpg', 'valid/b.jpg'], 'train: has no folder of a class'),
        (['train/cat/a.jpg'], 'folder that holds .*is it train'),
        (['cat/a.jpg', 'test/b.jpg'], 'has the folders test, which'),
        (['training_set/a.jpg', 'fold1/b.jpg'], 'folders fold1, training_set'),
        (['images/a.jpg', 'masks/a.png'], 'has the folders images, masks'),
        (['cat/a.jpg=1', 'dog/b.jpg=1'], "as 'cat/a.jpg' and as 'dog/b.jpg'"),
        (['Cat/a.jpg=1', 'cat/b.jpg=2'], "'Cat', 'cat' are likely one"),
    ],
)
def test_folders_that_are_hardly_classes(tmp_path, paths, message):
    write(tmp_path, *paths)
    with pytest.raises(ValueError, match=message):
        read_labels(str(tmp_path))


def test_folders_of_classes(tmp_path):
    write(tmp_path, 'none/a.jpg=1', 'train/b.jpg=2', 'train/c.jpg=2')
    write(tmp_path, 'background/z.jpg=6', '__MACOSX/x.jpg=3', '@eaDir/y.jpg=4')
    labels = read_labels(str(tmp_path))
    assert labels.names == {
        'background/z.jpg': [],
        'none/a.jpg': [],
        'train/b.jpg': ['train'],
        'train/c.jpg': ['train'],
    }
    options = LabelOptions(classes=['train', 'test'])
    write(tmp_path, 'test/d.jpg=5')
    assert read_labels(str(tmp_path), options).classes == ('test', 'train')
