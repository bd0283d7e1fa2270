"""The table in Markdown, which reads well raw, too."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from rematch.report.results import Results
from rematch.report.sheets import Field, Heading, Items, Line, Sheet, blocks

WIDTH = 120
"""Columns of the terminal that the Markdown table is made for."""


def table_md(results: Results) -> str:
    """Markdown that reads well raw, too: the table's content, one block after the other.

    A sheet that is wider than `WIDTH` does without its spare columns.
    """
    parts = [f"# Results{f': {_md(results.corpus)}' if results.corpus else ''}"]
    for block in blocks(results):
        if isinstance(block, Heading):
            parts.append(f"## {_md(block.text)}")
        elif isinstance(block, Line):
            parts.append(_wrapped(_md(block.text)))
        elif isinstance(block, Items):
            parts.append("\n".join([_wrapped(_md(block.text)), "", *map(_item, block.items)]))
        else:
            parts.append(_sheet(block))
    return "\n\n".join(parts) + "\n"


def _sheet(sheet: Sheet) -> str:
    whole = _drawn(sheet, range(len(sheet.columns)))
    if len(whole.partition("\n")[0]) <= WIDTH:
        return whole
    return _drawn(sheet, [at for at, column in enumerate(sheet.columns) if not column.spare])


def _drawn(sheet: Sheet, kept: Sequence[int]) -> str:
    """A padded Markdown table of some columns; figures stand right."""
    columns = [sheet.columns[at] for at in kept]
    header = [_md(column.name) for column in columns]
    body = [[_cell(row[at]) for at in kept] for row in (*sheet.rows, *sheet.foot)]
    width = [max(3, *(len(row[i]) for row in [header, *body])) for i in range(len(header))]

    def line(cells: Sequence[str]) -> str:
        padded = [
            text.rjust(size) if column.figure else text.ljust(size)
            for text, size, column in zip(cells, width, columns, strict=True)
        ]
        return f"| {' | '.join(padded)} |"

    rule = [
        f"{'-' * (size - 1)}:" if column.figure else "-" * size
        for size, column in zip(width, columns, strict=True)
    ]
    return "\n".join([line(header), line(rule), *(line(row) for row in body)])


def _cell(field: Field) -> str:
    text = _md(field.text)
    return f"**{text}**" if field.best else text


def _wrapped(text: str) -> str:
    return textwrap.fill(text, WIDTH, break_long_words=False, break_on_hyphens=False)


def _item(text: str) -> str:
    return textwrap.fill(
        f"- {_md(text)}",
        WIDTH,
        subsequent_indent="  ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _md(text: str) -> str:
    """Text that Markdown shows as it is, on one line."""
    text = "".join(" " if c in "\r\n\t\v\f\x85\u2028\u2029" else c for c in text)
    text = text.replace("\\", "\\\\").replace("|", "\\|").replace("&", "&amp;")
    text = text.replace("<", "&lt;").replace(">", "&gt;").replace("[", "\\[").replace("`", "\\`")
    return text.replace("*", "\\*")
