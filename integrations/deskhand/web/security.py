"""What stands in front of every page: headers, the same-origin guard, body limits, the reviewer's login.

Not covered here: TLS (a proxy's business), and floods (per-process limits slow one address down, no more).
"""

import base64
import hmac
import ipaddress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from fastapi import HTTPException, Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from deskhand.web.limits import RateLimit

if TYPE_CHECKING:
    from deskhand.settings import Settings

BODY_BYTES = 256 * 1024
"""A correction of 20,000 characters, URL-encoded; a chat message is a tenth of that."""
API_BODY_BYTES = 1024 * 1024
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
FAILED_LOGINS = 10
"""Wrong passwords that one address may try in a minute."""

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors {ancestors}"
)


class Shield:
    """Middleware: adds the security headers, refuses foreign state changes and bodies that are too large."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Guards one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        path: str = scope["path"]
        headers = Headers(scope=scope)
        guarded = _with_headers(send, path)
        limit = API_BODY_BYTES if path.startswith("/v1/") else BODY_BYTES
        if refusal := _refusal(scope["method"], path, headers, limit):
            await refusal(scope, receive, guarded)
            return
        try:
            await self.app(scope, _limited(receive, limit), guarded)
        except _TooLarge:
            await _too_large()(scope, receive, guarded)


class _TooLarge(Exception):  # noqa: N818 - never leaves this module
    pass


def _refusal(method: str, path: str, headers: Headers, limit: int) -> PlainTextResponse | None:
    length = headers.get("content-length", "0")
    if not length.isdigit() or int(length) > limit:
        return _too_large()
    # Programs send no Origin: the API's JSON and key, and Slack's signatures, keep other sites' forms out there.
    if method not in SAFE_METHODS and not path.startswith(("/v1/", "/slack/")) and not same_origin(headers):
        return PlainTextResponse("This request came from another site and was refused.", 403)
    return None


def _too_large() -> PlainTextResponse:
    return PlainTextResponse("The request is too large.", 413)


def same_origin(headers: Headers) -> bool:
    """Whether a page of this server sent the request. Every browser says so in one of two headers; silence is no."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc == headers.get("host")


def _limited(receive: Receive, limit: int) -> Receive:
    taken = 0

    async def counted() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > limit:
            raise _TooLarge
        return message

    return counted


def _with_headers(send: Send, path: str) -> Send:
    framed = path == "/chat"  # the widget's iframe; every other page must not be framed by anybody
    # The help-centre page frames the widget; assets may be loaded by the sites that embed it.
    fixed = {
        "content-security-policy": _POLICY.format(ancestors="*" if framed else "'none'"),
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "permissions-policy": "camera=(), geolocation=(), microphone=()",
        "cross-origin-resource-policy": "cross-origin" if path == "/widget.js" or framed else "same-origin",
    }
    if not framed:
        fixed["x-frame-options"] = "DENY"
    if not path.startswith(("/static/", "/widget.js")):
        fixed["cache-control"] = "no-store"

    async def guarded(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in fixed.items():
                headers[name] = value
        await send(message)

    return guarded


def is_loopback(host: str) -> bool:
    """Whether ``host`` is this machine alone."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def client_of(request: Request) -> str:
    """The caller's address, for limits; a trusted proxy's X-Forwarded-For has been applied by the server."""
    return request.client.host if request.client else "unknown"


def refuse_foreign_names(request: Request) -> None:
    """Without a password only this machine may call, under a name that no DNS server can point at it."""
    if not is_loopback(request.url.hostname or ""):
        raise HTTPException(403, "Without a password this is open to this machine alone: use http://127.0.0.1")


class Login:
    """HTTP Basic for the review console: the reviewer's own name, kept in the audit trail, and the review password."""

    def __init__(self, settings: "Settings") -> None:
        secret = settings.review_password
        self._password = secret.get_secret_value().encode() if secret else None
        self._failed = RateLimit(FAILED_LOGINS, 60)

    async def __call__(self, request: Request) -> str:
        """The reviewer's name.

        Raises:
            HTTPException: 401 without the right password, 429 after too many wrong ones.
        """
        name, password = _basic(request.headers.get("authorization", ""))
        if self._password is None:
            refuse_foreign_names(request)
            return name or "reviewer"
        address = client_of(request)
        if self._failed.full(address):
            raise HTTPException(429, "Too many wrong passwords. Try again in a minute.", {"Retry-After": "60"})
        if name and hmac.compare_digest(password.encode(), self._password):
            return name
        if password:
            self._failed.wait(address)
        ask = {"WWW-Authenticate": 'Basic realm="Review", charset="UTF-8"'}
        raise HTTPException(401, "Log in with your name and the review password.", ask)


def _basic(header: str) -> tuple[str, str]:
    """Name and password of an HTTP Basic header, in UTF-8 (FastAPI's own parser knows ASCII names alone)."""
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        name, _, password = base64.b64decode(encoded, validate=True).decode("utf-8").partition(":")
    except ValueError:
        return "", ""
    return " ".join(name.split()), password
