"""What the commands share: the ``--json`` option, lines for people on stderr, progress bars."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

import click

T = TypeVar("T")

json_option = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON on stdout.")


def require(extra: str, module: str) -> None:
    """Ends with a helpful error when an optional dependency is not installed.

    Raises:
        ConfigError: naming the extra to install.
    """
    from importlib.util import find_spec

    from deskhand_guardrails.errors import ConfigError

    if find_spec(module) is None:
        raise ConfigError(f"this needs the {extra!r} extra: pip install 'deskhand[{extra}]'")


def say(line: str) -> None:
    """One line for the person at the terminal."""
    click.echo(line, err=True)


def emit(value: object) -> None:
    """One JSON value on stdout."""
    try:
        click.echo(json.dumps(value, ensure_ascii=False, default=str))
    except UnicodeEncodeError:  # half a surrogate pair, or a terminal that is not UTF-8
        click.echo(json.dumps(value, default=str))


def track(items: Iterable[T], description: str, total: int | None = None) -> Iterator[T]:
    """A progress bar on a terminal; nothing elsewhere."""
    if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield from items
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description:<28}"),
        BarColumn(bar_width=32),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        yield from progress.track(items, total=total, description=description)
