"""A logger for Slack's libraries that cannot repeat what customers wrote.

Bolt logs the whole request body when a signature does not fit, when no listener wants an event, and at DEBUG for every
call; slack_sdk logs every message it sends at DEBUG. Both take the logger they are given (Bolt copies its level and its
filters to its own loggers), so one filter here covers them: it drops everything below WARNING and lets only the place
and the kind of error through, never the message.
"""

from __future__ import annotations

import logging

from aiohttp import ClientError
from slack_sdk.errors import SlackApiError, SlackClientError

SLACK_FAILED = (SlackClientError, ClientError, TimeoutError)
"""What a call to the Web API raises: Slack's refusal, or a network in the way."""


class WithoutContent(logging.Filter):
    """Replaces a record's text by where it came from and what kind of error it was."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to keep the record, which is rewritten in place."""
        if record.levelno < logging.WARNING:
            return False
        error = record.exc_info[1] if record.exc_info else None
        kind = f" ({error_code(error)})" if error else ""
        record.msg = f"Slack library: {record.module}.{record.funcName} reported a problem{kind}"
        record.args, record.exc_info, record.exc_text, record.stack_info = (), None, None, None
        return True


def library_logger() -> logging.Logger:
    """The logger to hand to Bolt and slack_sdk."""
    logger = logging.getLogger("deskhand.slack.library")
    logger.setLevel(logging.WARNING)
    if not any(isinstance(known, WithoutContent) for known in logger.filters):
        logger.addFilter(WithoutContent())
    return logger


def error_code(error: BaseException) -> str:
    """What to log about an error: Slack's code (``not_in_channel``), else the exception's class; never its text."""
    if isinstance(error, SlackApiError):
        try:
            return str(error.response["error"])
        except (KeyError, TypeError, AttributeError):
            return "SlackApiError"
    return type(error).__name__
