"""Formats of image-level labels: what is read, and how it is refused."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cosa_mmseg.datasets.label_files import parse_labels, read_labels
from cosa_mmseg.datasets.label_formats import PARSERS
from cosa_mmseg.datasets.label_rows import LabelOptions

# one set of labels in all formats
NAMES = {
    'a b.jpg': ['cat', 'traffic light'],
    'sub/ü.png': ['cat'],
    '7': [],
}
FILES = {
    'list.csv': 'image,labels\na b.jpg,cat;traffic light\nsub/ü.png,cat\n7,\n',
    'one_hot.csv': 'cat,image,traffic light\n1,a b.jpg,1\n1,sub/ü.png,0\n'
    '0,7,0\n',
    'object.json': '{"a b.jpg": ["cat", "traffic light"], '
    '"sub/ü.png": ["cat"], "7": []}',
    'lines.jsonl': '{"image": "a b.jpg", "labels": ["cat", "traffic light"]}\n'
    '{"labels": ["cat"], "image": "sub/ü.png", "width": 3}\n'
    '{"image": 7, "labels": []}\n',
    'lines.txt': 'a b.jpg\tcat\ttraffic light\nsub/ü.png\tcat\n7\t\n',
}


@pytest.mark.parametrize('bom', ['', '\ufeff'])
@pytest.mark.parametrize('end', ['\n', '\r\n'])
@pytest.mark.parametrize('name', FILES)
def test_all_formats_say_the_same(tmp_path, name, end, bom):
    text = bom + FILES[name].replace('\n', end)
    (tmp_path / name).write_bytes(text.encode())

    labels = read_labels(str(tmp_path / name))

    assert labels.names == NAMES
    assert labels.classes == ('cat', 'traffic light')


@pytest.mark.parametrize(
    ('name', 'lines'),
    [
        ('list.csv', [2, 3, 4]),
        ('one_hot.csv', [2, 3, 4]),
        ('lines.jsonl', [1, 2, 3]),
        ('lines.txt', [1, 2, 3]),
        ('object.json', []),
    ],
)
def test_the_line_of_an_image_is_known(name, lines):
    labels = parse_labels(FILES[name].encode(), name)

    assert list(labels.lines.values()) == lines
    place = f'{name} line {lines[1]}' if lines else name
    assert labels.place('sub/ü.png') == place


def test_spaces_blank_lines_quotes_and_case():
    csv = b'image , labels\n\n " a.jpg", cat ; dog \n"b,b.jpg","cat"\n'
    csv = csv.replace(b' "', b'"')
    assert parse_labels(csv, 'A.CSV').names == {
        'a.jpg': ['cat', 'dog'],
        'b,b.jpg': ['cat'],
    }
    txt = b'\n  a.jpg \t dog \n \n'
    assert parse_labels(txt, 'a.txt').names == {'a.jpg': ['dog']}


def test_semicolons_of_excel():
    csv = '\ufeffimage;labels\r\na, b.jpg;"cat;dog"\r\nc.jpg;cat\r\n;\r\n'
    assert parse_labels(csv.encode(), 'a.csv').names == {
        'a, b.jpg': ['cat', 'dog'],
        'c.jpg': ['cat'],
    }
    one_hot = b'image;cat;dog\na.jpg;1;0\nb.jpg;0;1\n'
    assert parse_labels(one_hot, 'a.csv').names == {
        'a.jpg': ['cat'],
        'b.jpg': ['dog'],
    }
    # a semicolon in a header with commas is part of a name
    assert parse_labels(b'image,a;b\nx,1\n', 'a.csv').classes == ('a;b',)


def test_both_spellings_of_an_umlaut_are_one_class():
    text = 'a\tKu\u0308he\nb\tK\u00fche\n'
    labels = parse_labels(text.encode(), 'a.txt')
    assert labels.classes == ('K\u00fche',)
    assert labels.with_classes(['Ku\u0308he']).classes == labels.classes


def test_flags_of_pandas_and_numpy():
    csv = b'image,cat,dog\na,True,False\nb,0.0,1.0\n'
    assert parse_labels(csv, 'a.csv').names == {'a': ['cat'], 'b': ['dog']}


def test_a_class_that_no_image_shows_is_one_if_the_header_has_it():
    labels = parse_labels(b'image,zebra,ant\na,1,0\n', 'a.csv')
    assert labels.classes == ('ant', 'zebra')


def test_another_separator_and_more_columns():
    csv = b'width,image,labels\n4,a,cat|dog;x\n'
    labels = parse_labels(csv, 'a.csv', LabelOptions('|'))
    assert labels.names == {'a': ['cat', 'dog;x']}


def test_repeated_names_and_images_count_once():
    labels = parse_labels(b'a\tdog\tcat\tdog\nb\tcat\na\tcat\tdog\n', 'a.txt')
    assert labels.names == {'a': ['dog', 'cat'], 'b': ['cat']}
    assert labels.lines == {'a': 1, 'b': 2}


def test_classes_in_a_given_order():
    labels = parse_labels(FILES['lines.txt'].encode(), 'a.txt')
    classes = ['traffic light', 'unseen', 'cat']
    assert labels.with_classes(classes).classes == tuple(classes)
    for classes, message in (
        (['cat', 'traffic light', 'cat'], "once, the first is 'cat'"),
        (['background', 'cat', 'traffic light'], 'leave it out'),
    ):
        with pytest.raises(ValueError, match=message):
            labels.with_classes(classes)
    with pytest.raises(ValueError) as err:
        labels.with_classes(['dog', 'traffic light'])
    assert str(err.value) == (
        "unknown class 'cat' in the label of image 'a b.jpg' in a.txt line 1; "
        'known classes: dog, traffic light'
    )


@pytest.mark.parametrize(
    ('name', 'text', 'message'),
    [
        ('a.csv', '', "a.csv must have the header `image,labels`.*has ''"),
        ('a.csv', 'name,labels\na,b\n', "it has 'name,labels'"),
        ('a.csv', 'name;labels\na;b\n', "it has 'name;labels'"),
        ('a.csv', 'image;labels\na;b;c\n', "line 2: .* 3 cells.*';' in it"),
        ('a.csv', 'image,label id\na,c\n', "'label id' holds .* `labels`"),
        ('a.csv', 'image\na\n', "it has 'image'"),
        ('a.csv', 'image,cat,cat\na,1,1\n', "once.*'image,cat,cat'"),
        ('a.csv', 'image,cat,\na,1,1\n', 'name of the class is empty'),
        ('a.csv', 'image,labels\n', 'a.csv is empty'),
        ('a.csv', 'image,labels\n\na,b,c\n', 'line 3: the row has 3 cells'),
        ('a.csv', 'image,labels\na\n', 'line 2: the row has 1 cells'),
        ('a.csv', 'image,labels\n,cat\n', 'line 2: .* image is empty'),
        ('a.csv', 'image,labels\na,cat;;dog\n', 'line 2: .* class is empty'),
        ('a.csv', 'image,labels\na,"cat\n', 'a.csv line 2: unexpected end'),
        ('a.csv', 'image,cat\na,1\nb,2\n', "line 3: column 'cat' must be 0 "),
        ('a.csv', 'image,labels\n"a\nb",c\n', r"line 3: .*: 'a\\nb'"),
        ('a.txt', 'a\tcat\nb.jpg cat\n', "a.txt line 2: no tab .*'b.jpg cat'"),
        ('a.txt', 'a\tcat\t\tdog\n', 'line 1: the name of the class is empty'),
        ('a.txt', 'a\tb\n\na\tc\n', r"line 3: image 'a' has .*'c'\].*'b'\]"),
        ('a.txt', 'a\tb\na\tc\n', 'or write all its classes in one place'),
        ('a.txt', '\n \n', 'a.txt is empty'),
        ('a.json', '{"a": [', 'a.json is not JSON: .*line 1 column'),
        ('a.json', '[' * 100_000, 'a.json is not JSON: '),
        ('a.json', '["a"]', 'must hold an object .*, but holds a list'),
        ('a.json', '{}', 'a.json is empty'),
        ('a.json', '{"a": "cat"}', "image 'a': .* must be a list.*'cat'"),
        ('a.json', '{"a": {"cat": 1}}', "image 'a': .* must be a list"),
        ('a.json', '{"a": [true]}', 'name of the class is no string: True'),
        ('a.json', '{"a": [[]]}', r'name of the class is no string: \[\]'),
        ('a.json', '{"a": ["x\\u0000"]}', 'has a control character'),
        ('a.json', '{"\\ud800": ["x"]}', 'has a control character'),
        ('a.json', '{"a": ["b"], "a": []}', r"'a' has the label \[\], and"),
        ('a.jsonl', '{"image": "a", "labels": []}\n{', 'line 2 is not JSON'),
        ('a.jsonl', '\n[]', r'line 2: must be an object .* is \[\]'),
        ('a.jsonl', '{"image": "a"}', 'line 1: must be an object'),
        ('a.jsonl', '{"image": "a", "labels": [], "image": "b"}', 'is there'),
        ('a.jsonl', '{"image": 1.5, "labels": []}', 'image is no string: 1.5'),
        ('a.jsonl', '{"image": "a", "labels": "b"}', "1: .* a list .*'b'"),
        ('a.doc', 'a', 'a.doc is no label file: .*.csv, .json, .jsonl, .txt'),
    ],
)
def test_malformed(name, text, message):
    with pytest.raises(ValueError, match=message) as err:
        parse_labels(text.encode(), name)
    assert str(err.value).startswith(f'{name} ')


def test_other_encodings_are_refused_with_the_line():
    text = 'image,labels\na,cat\nü,cat\n'
    with pytest.raises(ValueError, match='line 3: byte 0xfc is not UTF-8'):
        parse_labels(text.encode('latin-1'), 'a.csv')
    utf16 = parse_labels(text.encode('utf-16'), 'a.csv')  # text of Excel
    assert utf16.names == {'a': ['cat'], 'ü': ['cat']}


def test_a_long_value_is_cut_in_the_message():
    for text in ('{"a": [[' + '1,' * 999 + '1]]}', f'{{"a": "{"b" * 999}"}}'):
        with pytest.raises(ValueError) as err:
            parse_labels(text.encode(), 'a.json')
        assert len(str(err.value)) < 200


def test_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match='no label file .*no.csv;'):
        read_labels(str(tmp_path / 'no.csv'))


def write(root, *paths):
    """Empty files; the content of a file is what follows its ``=``."""
    for path in paths:
        name, _, content = path.partition('=')
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content)


def test_a_folder_of_class_folders(tmp_path):
    write(
        tmp_path,
        *('dog/a.jpg=1', 'cat/a.jpg=1', 'cat/b c.PNG=2', 'dog/in/b.jpg=3'),
        *('.hidden/a.jpg', 'dog/.x/a.jpg', 'dog/notes.txt', 'above.jpg'),
    )

    labels = read_labels(str(tmp_path))

    assert labels.names == {
        'cat/a.jpg': ['cat', 'dog'],
        'cat/b c.PNG': ['cat'],
        'dog/in/b.jpg': ['dog'],
    }
    assert labels.classes == ('cat', 'dog')
    assert labels.place('cat/a.jpg') == str(tmp_path)


@pytest.mark.parametrize(
    ('paths', 'message'),
    [
        (['cat/a.jpg=1', 'dog/a.jpg=2'], "images 'cat/a.jpg' and 'dog/a.jpg'"),
        (['a.jpg'], 'has no folder of a class, such as cat/ of cat/a.jpg'),
    ],
)
def test_malformed_folder(tmp_path, paths, message):
    write(tmp_path, *paths)
    with pytest.raises(ValueError, match=message) as err:
        read_labels(str(tmp_path))
    assert str(err.value).startswith(f'{tmp_path} ')


def test_a_class_folder_without_images(tmp_path):
    write(tmp_path, 'cat/a.jpg', 'dog/a.txt')
    with pytest.raises(
        FileNotFoundError, match="no image below '.*dog'.*.jpg, "
    ):
        read_labels(str(tmp_path))


SOUP = st.lists(
    st.sampled_from(
        ['image', 'labels', '"', ',', ';', '\t', '\n', '\r', ':', '{', '}']
        + ['[', ']', '0', '1', 'a', ' ', 'null', '{"image": "', '"labels": [']
        + ['\ufeff', 'ü', '\x00', '\u2028', '\ud800', 'background']
    ),
    max_size=30,
).map(lambda parts: ''.join(parts).encode(errors='surrogatepass'))


@pytest.mark.parametrize('suffix', PARSERS)
@given(data=st.one_of(st.binary(max_size=60), SOUP))
@settings(max_examples=100, deadline=None)
def test_any_bytes_are_read_or_refused_by_name(suffix, data):
    name = f'some{suffix}'
    try:
        labels = parse_labels(data, name)
    except ValueError as err:
        assert str(err).startswith(f'{name} ')
        return
    assert labels.names
    shown = {c for names in labels.names.values() for c in names}
    assert shown <= set(labels.classes)
    for name in [*labels.names, *labels.classes]:
        assert name == name.strip() != ''
