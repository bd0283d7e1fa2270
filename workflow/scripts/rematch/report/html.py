"""HTML pages for the report: self-contained, everything from outside escaped."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence

from rematch.errors import printable

STYLE = """
body{font:15px/1.45 system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif;
color:#1c1c1c;background:#fff;margin:1.5rem}
h1{font-size:1.35rem;margin:0 0 .5rem}h2{font-size:1.1rem;margin:1.6rem 0 .3rem}
p{margin:.3rem 0 .7rem;max-width:65rem}.note{color:#555;font-size:.85rem}
.wide{overflow-x:auto}
table{border-collapse:collapse;font-variant-numeric:tabular-nums}
th,td{padding:.3rem .6rem;text-align:right;border-bottom:1px solid #e3e3e3;white-space:nowrap}
thead th{border-bottom:2px solid #888;vertical-align:bottom;font-weight:600}
th[scope=row],.text{text-align:left}th[scope=row]{font-weight:400}
.text{white-space:normal;overflow-wrap:break-word}.plain td{vertical-align:top}
td small{display:block;color:#666;font-size:.72rem;font-weight:400;line-height:1.2}
.best{font-weight:700}.paper{color:#555}.none{font-weight:600}
pre{background:#f6f6f6;padding:.8rem;overflow-x:auto;font-size:13px}
"""


def escape(text: str) -> str:
    """A text of anybody's as HTML that shows it, with what cannot be seen as escapes."""
    return html.escape(printable(text, keep="\n\t"))


def page(title: str, body: str) -> str:
    """A whole page; `title` is text, `body` is HTML."""
    return (
        "<!doctype html>\n<html lang='en'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>\n"
        f"<body><h1>{escape(title)}</h1>\n{body}\n</body></html>\n"
    )


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table of plain values: whole numbers to the right, text to the left and escaped."""
    values = [list(row) for row in rows]
    numeric = [all(isinstance(row[column], int) for row in values) for column in range(len(head))]
    kinds = ["" if number else " class='text'" for number in numeric]
    lines = [
        "".join(f"<th{kind}>{escape(name)}</th>" for kind, name in zip(kinds, head, strict=True))
    ]
    for row in values:
        cells = zip(kinds, row, strict=True)
        lines.append("".join(f"<td{kind}>{_shown(value)}</td>" for kind, value in cells))
    rows_html = "".join(f"<tr>{line}</tr>\n" for line in lines[1:])
    return (
        f"<div class='wide'><table class='plain'><thead><tr>{lines[0]}</tr></thead>"
        f"<tbody>{rows_html}</tbody></table></div>"
    )


def _shown(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else escape(str(value))
