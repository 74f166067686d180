"""The command line: one file per command, each imported only when it is called.

Data goes to stdout, everything else to stderr. Exit code 0: done; 1: failed; 2: wrong usage; 130: stopped by Ctrl-C.
"""

from __future__ import annotations

import errno
import importlib
import os
import sys
from collections.abc import Callable

import click

from deskhand import __version__
from deskhand_guardrails.errors import DeskhandError

# Name -> what it does, in the order of the journey. Loading a command's module only when it is called keeps
# ``deskhand --help`` at a fraction of a second.
COMMANDS = {
    "demo": "The whole loop on the shipped sample, offline, then web chat and review console.",
    "prepare": "Ticket exports to a clean, safe training set.",
    "train": "A training set to a fine-tuned model.",
    "evaluate": "How good a model is on held-out tickets.",
    "index": "Articles, FAQs and resolved tickets to knowledge for retrieval.",
    "chat": "Talk to the assistant in the terminal.",
    "check": "Run the guardrails over texts (JSONL in, JSONL out).",
    "redteam": "What a policy or a model makes of 373 attacks and 373 harmless look-alikes.",
    "policy": "Copy the guardrails' policy out; check it.",
    "serve": "Web chat, review console and OpenAI-compatible API.",
    "slack": "Answer in Slack.",
    "review": "The review queue from the terminal; corrections as training data.",
}


class _LazyGroup(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"deskhand.cli.{cmd_name}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="deskhand")
def cli() -> None:
    """Turns a help desk's ticket history into a guarded support assistant.

    \b
    Example:
        deskhand demo
    """


def main(arguments: list[str] | None = None) -> None:
    """Runs the command line and ends the process; every failure is one line on stderr."""
    sys.exit(_ending(lambda: cli.main(args=arguments, prog_name="deskhand", standalone_mode=False)))


def _ending(run: Callable[[], object]) -> int:
    try:
        result = run()
    except click.exceptions.Abort:
        click.echo("stopped; the same command goes on from here", err=True)
        return 130
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except DeskhandError as error:
        click.echo(f"error: {error}", err=True)
        return error.exit_code
    except BrokenPipeError:
        _drop_output()  # the reader of our output went away (`| head`): no fault
        return 0
    except OSError as error:
        if error.errno == errno.ENOSPC:
            _drop_output()
            click.echo(
                f"error: {error.filename or 'disk'}: no space left; free some and run the same command again", err=True
            )
            return 1
        if os.environ.get("DESKHAND_DEBUG"):
            raise
        click.echo(
            f"error: {error.filename or error.__class__.__name__}: {error.strerror or 'input/output error'}", err=True
        )
        return 1
    except Exception as error:
        if os.environ.get("DESKHAND_DEBUG"):
            raise
        click.echo(
            f"error: unexpected {error.__class__.__name__}; run again with DESKHAND_DEBUG=1 and report what it prints",
            err=True,
        )
        return 1
    return result if isinstance(result, int) else 0


def _drop_output() -> None:
    """Points stdout at nothing: what is still buffered would fail again, with a traceback, when Python ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
