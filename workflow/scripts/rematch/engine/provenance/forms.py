"""What a record of provenance is made of."""

from __future__ import annotations

from typing import Any

from rematch.engine.dag import ROOT

FORMAT = 1

CODE_ROOTS = (ROOT / "workflow/scripts", ROOT / "resources/demo")
"""Where the modules are that a rule's code hash follows; `code` in common.smk has the same."""

Entry = dict[str, Any]

Record = dict[str, Any]
