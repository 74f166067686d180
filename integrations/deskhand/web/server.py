"""Running the application: address and port are checked before any model is loaded, and faults are one line."""

from __future__ import annotations

import errno
import socket
from typing import TYPE_CHECKING

from deskhand.web.security import is_loopback
from deskhand_guardrails.errors import ConfigError, UnavailableError

if TYPE_CHECKING:
    from fastapi import FastAPI

    from deskhand.settings import Settings

BACKLOG = 512
"""Connections that wait while the server starts or is busy."""

_FAULTS = {
    errno.EADDRINUSE: "in use; stop the other program, or choose another with --port",
    errno.EACCES: "needs more rights; choose one above 1023 with --port",
    errno.EADDRNOTAVAIL: "this machine has no such address; correct --host",
}


def check_address(settings: Settings) -> None:
    """Raises before anything slow happens when the settings' address cannot or must not be served.

    Raises:
        ConfigError: when others could reach the review console and it has no password.
        UnavailableError: when the port is in use.
    """
    if not is_loopback(settings.host) and settings.review_password is None:
        raise ConfigError(
            f"host {settings.host}: others could read the review console; set DESKHAND_REVIEW_PASSWORD, "
            "or serve this machine alone with --host 127.0.0.1"
        )
    listen(settings).close()


def serve(app: FastAPI, settings: Settings) -> None:
    """Serves until Ctrl-C or SIGTERM.

    Raises:
        UnavailableError: when the port is in use.
    """
    import uvicorn

    listener = listen(settings)
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False, server_header=False))
    try:
        server.run(sockets=[listener])
    except KeyboardInterrupt:
        pass  # uvicorn has closed in good order and only then passes Ctrl-C on
    finally:
        listener.close()


def listen(settings: Settings) -> socket.socket:
    """A listening socket: the port is ours from here on."""
    where = f"host {settings.host}, port {settings.port}"
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except socket.gaierror:
        raise UnavailableError(f"{where}: no such host; correct --host") from None
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)  # without it a second program could bind the same port and neither would notice
    except OSError as error:
        listener.close()
        raise UnavailableError(f"{where}: {_FAULTS.get(error.errno or 0, error.strerror)}") from None
    return listener
