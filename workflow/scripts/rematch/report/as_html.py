"""The table as a page."""

from __future__ import annotations

from rematch.report.html import escape, page
from rematch.report.results import Results
from rematch.report.sheets import Column, Field, Heading, Items, Line, Sheet, blocks


def table_html(results: Results) -> str:
    """A self-contained HTML page: no script, no external resource, everything escaped.

    Every figure has its interval below it, so the columns that are spare are left out.
    """
    body = []
    for block in blocks(results):
        if isinstance(block, Heading):
            body.append(f"<h2>{escape(block.text)}</h2>")
        elif isinstance(block, Line):
            kind = " class='note'" if block.note else ""
            body.append(f"<p{kind}>{escape(block.text)}</p>")
        elif isinstance(block, Items):
            items = "".join(f"<li>{escape(item)}</li>" for item in block.items)
            body.append(f"<p>{escape(block.text)}</p><ul>{items}</ul>")
        else:
            body.append(_sheet(block))
    title = f"Results: {results.corpus}" if results.corpus else "Results"
    return page(title, "\n".join(body))


def _sheet(sheet: Sheet) -> str:
    kept = [at for at, column in enumerate(sheet.columns) if not column.spare]
    head = "".join(_heading(sheet.columns[at]) for at in kept)
    parts = []
    for tag, rows in (("tbody", sheet.rows), ("tfoot", sheet.foot)):
        lines = "".join(
            f"<tr>{''.join(_cell(row[at], at < sheet.lead, sheet.columns[at]) for at in kept)}</tr>"
            for row in rows
        )
        if rows:
            parts.append(f"<{tag}>{lines}</{tag}>")
    kind = f" class='{sheet.kind}'" if sheet.kind else ""
    inner = f"<thead><tr>{head}</tr></thead>{''.join(parts)}"
    return f"<div class='wide'><table{kind}>{inner}</table></div>"


def _heading(column: Column) -> str:
    kind = "" if column.figure else " class='text'"
    return f"<th scope='col'{kind}>{escape(column.name)}</th>"


def _cell(field: Field, lead: bool, column: Column) -> str:
    if lead:
        return f"<th scope='row'>{escape(field.text)}</th>"
    if not column.figure:
        return f"<td class='text'>{escape(field.text)}</td>"
    kind = " class='best'" if field.best else ""
    small = f"<small>{field.interval}</small>" if field.interval else ""
    shade = (
        f" style='background:rgba(0,114,178,{0.22 * field.shade:.3f})'" if field.interval else ""
    )
    return f"<td{kind}{shade}>{escape(field.text)}{small}</td>"
