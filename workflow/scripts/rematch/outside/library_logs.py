"""What libraries log by themselves."""

from __future__ import annotations


def log_as_we_do() -> None:
    """Send what transformers says to the job's log; it may quote a stranger's configuration.

    The library's own handler would write it to the terminal as it is.
    """
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    logging.disable_default_handler()
    logging.enable_propagation()
