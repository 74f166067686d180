"""Web chat, review console and OpenAI-compatible API in one FastAPI application.

==========  ====================================================================
app         puts the application together
server      runs it: the address, the port, the end
chat        the help-centre page, the widget, the conversation over server-sent events
review      the review console
completions ``/v1/chat/completions`` and ``/v1/models``
security    headers, same-origin guard, body limits, login
sessions    the signed cookie that names a conversation
limits      how often somebody may ask
==========  ====================================================================
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from deskhand.web.app import create_app
    from deskhand.web.server import check_address, serve

__all__ = ["check_address", "create_app", "serve"]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever the name stands for
    """FastAPI is loaded when the first of the names is used."""
    if name == "create_app":
        from deskhand.web.app import create_app

        return create_app
    if name in ("check_address", "serve"):
        from deskhand.web import server

        return getattr(server, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
