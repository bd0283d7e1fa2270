"""The code hash: what changes it and what does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from rematch.engine.codehash import code_hash

SCRIPT = '''"""A rule."""
from package.first import go
import os
go()
'''
FIRST = '''"""A module."""
from package import second

def go():
    """Say."""
    return second.VALUE  # a comment
'''


@pytest.fixture
def tree(tmp_path):
    (tmp_path / "package").mkdir()
    (tmp_path / "script.py").write_text(SCRIPT)
    (tmp_path / "package/__init__.py").write_text("")
    (tmp_path / "package/first.py").write_text(FIRST)
    (tmp_path / "package/second.py").write_text("from package import first\nVALUE = 1\n")
    (tmp_path / "package/other.py").write_text("VALUE = 1\n")
    return tmp_path


@pytest.mark.parametrize(
    ("file", "old", "new", "same"),
    [
        ("script.py", '"""A rule."""', '"""Another."""', True),
        ("script.py", "go()", "go()  # now", True),
        ("script.py", "go()\n", "go( )\n\n", True),
        ("script.py", "\ngo()", "\ngo(1)", False),
        ("package/first.py", '    """Say."""\n', "", True),
        ("package/first.py", "second.VALUE", "second.VALUE + 1", False),
        ("package/second.py", "= 1", "= 2", False),
        ("package/second.py", "= 1", "= '1'", False),
        ("package/other.py", "= 1", "= 2", True),
        ("package/__init__.py", "", "X = 1", False),
    ],
)
def test_only_code_that_is_reached_counts(tree, file, old, new, same):
    before = code_hash(tree / "script.py", (tree,))
    path = tree / file
    path.write_text(path.read_text().replace(old, new) if old else new)
    assert (code_hash(tree / "script.py", (tree,)) == before) is same


@pytest.mark.parametrize(
    ("where", "line"),
    [
        ("package/first.py", "from . import other"),
        ("package/first.py", "from .other import VALUE"),
        ("package/first.py", "import package.other"),
        ("package/first.py", "import package.other as o"),
        ("package/first.py", "from package import other as o"),
        ("package/first.py", "from package.other import VALUE as v"),
        ("package/__init__.py", "from . import other"),
        ("package/__init__.py", "from .other import VALUE"),
        ("package/deep/inner.py", "from .. import other"),
        ("package/deep/inner.py", "from ..other import VALUE"),
        ("package/deep/__init__.py", "from ..other import VALUE"),
        ("package/first.py", "def late():\n    from .other import VALUE"),
        ("script.py", "import package.other"),
    ],
)
def test_an_import_is_followed_however_it_is_written(tree, where, line):
    (tree / "package/deep").mkdir()
    (tree / "package/deep/__init__.py").write_text("")
    (tree / "package/deep/inner.py").write_text("")
    with (tree / "package/second.py").open("a") as second:
        second.write("from .deep import inner\n")
    path = tree / where
    path.write_text(f"{path.read_text()}\n{line}\n")
    before = code_hash(tree / "script.py", (tree,))
    (tree / "package/other.py").write_text("VALUE = 2\n")
    assert code_hash(tree / "script.py", (tree,)) != before


def test_an_import_beyond_the_roots_leads_nowhere(tree):
    (tree / "package/first.py").write_text("from .... import other\nfrom ...x import y\n")
    assert code_hash(tree / "script.py", (tree,))


def test_the_folder_does_not_count(tree, tmp_path_factory):
    import shutil

    other = tmp_path_factory.mktemp("elsewhere") / "tree"
    shutil.copytree(tree, other)
    assert code_hash(other / "script.py", (other,)) == code_hash(tree / "script.py", (tree,))


EVERYTHING = """
import os as o
from math import *
class C(dict, metaclass=type):
    x: int = None
    y: list[str]
@staticmethod
async def f(a, /, b: int = -1, *c, d=None, **e) -> None:
    async with a as g, b: await c
    for h, *i in {**e, 'j': {1, 2}}: yield f'{a!r:>{b}} {c=} {{}}' 'k'
    else: raise ValueError from None
    match a:
        case {'l': [m, *_], **n} if m: return
        case C(x=None) | 1 | 'p': del a
    try: lambda: (q := ...)
    except* (OSError, KeyError) as r: global s; s = 1.5e3j, 0x1F, True
    finally: return [t async for t in a if t if not t][1:2:3, ::]
"""


def test_every_python_gives_the_same_hash(tmp_path):
    """Else all would be made again, and no record be the same, under another one."""
    script = tmp_path / "script.py"
    script.write_text(EVERYTHING)
    assert code_hash(script, ()) == "39931143896302b1"


def test_every_script_of_the_workflow_reaches_the_package():
    scripts = Path(__file__).parents[3] / "workflow/scripts"
    for script in scripts.glob("*.py"):
        alone = code_hash(script, ())
        assert code_hash(script, (scripts,)) != alone, script.name


ROOM = '''"""A room."""
from typing import TYPE_CHECKING
from package.loading import lazily

if TYPE_CHECKING:
    from package.room.one import first as first
    from package.room.two import second as other
    from package.room import three as three
    from package.room.sub import deep as deep
else:
    __getattr__ = lazily(__name__)
'''
SUBROOM = """if TYPE_CHECKING:
    from package.room.sub.cellar import deep as deep
"""


@pytest.fixture
def room(tmp_path):
    folder = tmp_path / "package/room"
    (folder / "sub").mkdir(parents=True)
    (tmp_path / "package/__init__.py").write_text("")
    (tmp_path / "package/loading.py").write_text("def lazily(name): ...\n")
    (folder / "__init__.py").write_text(ROOM)
    (folder / "sub/__init__.py").write_text(SUBROOM)
    for name in ("one", "two", "three", "sub/cellar", "unasked"):
        (folder / f"{name}.py").write_text("VALUE = 1\n")
    return tmp_path


@pytest.mark.parametrize(
    ("script", "counts"),
    [
        ("from package.room import first", {"one"}),
        ("from package.room import other as mine", {"two"}),
        ("from package.room import three", {"three"}),
        ("from package.room import deep", {"sub/cellar"}),
        ("from package.room import first, deep", {"one", "sub/cellar"}),
        ("from package.room.sub import deep", {"sub/cellar"}),
        ("from package.room.one import first", {"one"}),
        ("from package import room", {"one", "two", "three", "sub/cellar"}),
        ("import package.room", {"one", "two", "three", "sub/cellar"}),
        ("import package.room.sub as s", {"sub/cellar"}),
        ("from package.room import unknown", set()),
    ],
)
def test_of_a_room_counts_where_what_is_asked_for_comes_from(room, script, counts):
    (room / "script.py").write_text(script)
    folder = room / "package/room"
    before = code_hash(room / "script.py", (room,))
    for name in ("one", "two", "three", "sub/cellar", "unasked"):
        path = folder / f"{name}.py"
        path.write_text("VALUE = 22\n")
        assert (code_hash(room / "script.py", (room,)) != before) is (name in counts), name
        path.write_text("VALUE = 1\n")
        assert code_hash(room / "script.py", (room,)) == before


def test_what_else_a_room_hands_on_does_not_count(room):
    (room / "script.py").write_text("from package.room import first")
    before = code_hash(room / "script.py", (room,))
    path = room / "package/room/__init__.py"
    more = "    from package.room.unasked import VALUE as VALUE\nelse:"
    path.write_text(ROOM.replace("else:", more))
    assert code_hash(room / "script.py", (room,)) == before
    path.write_text(ROOM.replace("package.room.one import", "package.room.two import"))
    (room / "package/room/two.py").write_text("VALUE = 3\n")
    assert code_hash(room / "script.py", (room,)) != before, "it comes from elsewhere now"
    path.write_text(ROOM + "print(1)\n")
    assert code_hash(room / "script.py", (room,)) != before, "this runs for everybody"


def test_what_was_read_in_a_file_is_kept_until_it_changes(room):
    (room / "script.py").write_text("from package.room import first, deep")
    kept, asked = {}, []

    def remember(name, files, make):
        asked.append(name)
        state = tuple(Path(file).read_text() for file in files)
        if kept.get(name, (None,))[0] != state:
            kept[name] = (state, make())
        return kept[name][1]

    first = code_hash(room / "script.py", (room,), remember)
    assert first == code_hash(room / "script.py", (room,)) and len(asked) == len(set(asked)) > 5
    (room / "package/room/sub/cellar.py").write_text("VALUE = 333\n")
    other = code_hash(room / "script.py", (room,), remember)
    assert other == code_hash(room / "script.py", (room,)) != first
