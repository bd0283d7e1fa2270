"""The one exception a user is meant to read."""

from __future__ import annotations


class UserError(Exception):
    """Bad input or configuration, said in one line: the place, what is wrong, the remedy.

    Scripts log it without a traceback; every other exception is a bug and keeps its traceback.
    """
