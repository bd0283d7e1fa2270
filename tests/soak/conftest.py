"""What the long tests share with tests/workflow."""

from tests.workflow.conftest import branch, finished, tiny_checkpoint

__all__ = ["branch", "finished", "tiny_checkpoint"]
