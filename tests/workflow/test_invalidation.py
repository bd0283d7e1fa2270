"""What runs after an edit: exactly what depends on it. `make soak` checks many more edits."""

from __future__ import annotations

import pytest

from tests.workflow.conftest import Project
from tests.workflow.edits import EDITS, Edit, check, different


@pytest.mark.parametrize("edit", [edit for edit in EDITS if edit.often], ids=lambda edit: edit.name)
def test_an_edit_runs_what_depends_on_it(edit: Edit, branch: Project, finished: Project) -> None:
    check(edit, branch)
    if not edit.changes:
        assert different(branch, finished, edit.deleted) == []
