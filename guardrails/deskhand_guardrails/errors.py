"""What can go wrong, split by whose turn it is to act.

::

    DeskhandError                one line: what, where, and the next step
    ├── InputError               a file, folder or record that was given cannot be used
    ├── ConfigError              settings, policy or options do not fit together
    └── UnavailableError         a model, port, database or disk is not there (or full)

The command line prints the line and ends with ``exit_code``; no message carries a customer's text or a secret.
"""

from __future__ import annotations


class DeskhandError(Exception):
    """Base of every error that Deskhand raises on purpose; ``str()`` is one line for the user."""

    exit_code = 1


class InputError(DeskhandError):
    """A file, folder or record cannot be used; the message names it and what to do."""


class ConfigError(DeskhandError):
    """Settings, policy or options are wrong; the message names the key or flag."""

    exit_code = 2


class UnavailableError(DeskhandError):
    """Something outside is missing or full: a model, a port, a database, a disk."""
