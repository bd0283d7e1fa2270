"""The table in LaTeX, to be input in a paper: booktabs, and nothing else."""

from __future__ import annotations

from rematch.report.results import Results
from rematch.report.sheets import Field, Heading, Items, Line, Sheet, blocks

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "°": r"\textsuperscript{o}",
    "–": "--",
    "—": "---",
    "…": r"\ldots{}",
    "·": r"\textperiodcentered{}",
    "×": r"\ensuremath{\times}",
    "−": r"\ensuremath{-}",
    "→": r"\ensuremath{\rightarrow}",
    "∅": r"\ensuremath{\emptyset}",
}

_PREAMBLE = """\
% Made by the workflow. \\input it in a document that has \\usepackage{booktabs} and, for pdfLaTeX,
% \\usepackage[T1]{fontenc} and \\usepackage{textcomp}.
"""


def table_tex(results: Results) -> str:
    """A float of LaTeX for each sheet of the table, with the lines around it as its caption."""
    parts, title, said = [_PREAMBLE], "", list[str]()
    notes = [block.text for block in blocks(results) if isinstance(block, Line) and block.note]
    for block in blocks(results):
        if isinstance(block, Heading):
            title, said = block.text, []
        elif isinstance(block, Line):
            said.append(block.text)
        elif isinstance(block, Items):
            parts.append("\n".join(_comment(text) for text in (block.text, *block.items)))
        else:
            caption = [f"{title or results.corpus}.", *said]
            if block.kind == "runs":
                caption += notes
            parts.append(_float(block, " ".join(caption)))
            said = []
    return "\n".join([*parts, *map(_comment, said)]) + "\n"


def _float(sheet: Sheet, caption: str) -> str:
    columns = "".join("r" if column.figure else "l" for column in sheet.columns)
    head = " & ".join(_tex(column.name) for column in sheet.columns)
    body = [_row(row) for row in sheet.rows]
    if sheet.foot:
        body += [r"\midrule", *(_row(row) for row in sheet.foot)]
    return "\n".join(
        [
            r"\begin{table}",
            r"\centering",
            rf"\caption{{{_tex(caption)}}}",
            rf"\begin{{tabular}}{{@{{}}{columns}@{{}}}}",
            r"\toprule",
            rf"{head} \\",
            r"\midrule",
            *body,
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{table}",
            "",
        ]
    )


def _row(row: list[Field]) -> str:
    cells = (rf"\textbf{{{_tex(f.text)}}}" if f.best else _tex(f.text) for f in row)
    return " & ".join(cells) + r" \\"


def _comment(text: str) -> str:
    """What is no table, to be copied from here."""
    return f"% {_tex(text)}"


def _tex(text: str) -> str:
    """Text that LaTeX prints as it is, on one line."""
    return "".join(_SPECIAL.get(c, c) for c in " ".join(text.split()))
