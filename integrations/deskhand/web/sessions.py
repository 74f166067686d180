"""The signed cookie that names a conversation: 128 random bits and their signature, nothing about the person.

The conversation itself stays in the store. The widget lives in an iframe: over HTTPS the cookie is marked
``SameSite=None; Secure; Partitioned``, so that it works on other people's sites and cannot follow anybody from one
site to the next; over plain HTTP (this machine alone) it is ``SameSite=Lax``.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import TYPE_CHECKING

from fastapi import Request, Response

if TYPE_CHECKING:
    from deskhand.settings import Settings

COOKIE = "deskhand_conversation"
DAYS = 7


class Sessions:
    """Gives out conversation ids and recognises its own."""

    def __init__(self, settings: Settings) -> None:
        secret = settings.secret_key
        self._key = secret.get_secret_value().encode() if secret else secrets.token_bytes(32)

    def known(self, request: Request) -> str | None:
        """The conversation that the request's cookie names, or None when there is none or it is forged."""
        conversation_id, _, signature = request.cookies.get(COOKIE, "").partition(".")
        if conversation_id and hmac.compare_digest(self._sign(conversation_id).encode(), signature.encode()):
            return conversation_id
        return None

    def start(self, request: Request, response: Response) -> str:
        """A new conversation, whose cookie goes out with ``response``."""
        conversation_id = f"web-{secrets.token_urlsafe(16)}"
        rules = "SameSite=None; Secure; Partitioned" if request.url.scheme == "https" else "SameSite=Lax"
        # By hand: http.cookies knows Partitioned only since Python 3.14.
        value = f"{conversation_id}.{self._sign(conversation_id)}"
        cookie = f"{COOKIE}={value}; Path=/chat; Max-Age={DAYS * 86_400}; HttpOnly; {rules}"
        response.headers.append("set-cookie", cookie)
        return conversation_id

    def _sign(self, conversation_id: str) -> str:
        return hmac.new(self._key, b"conversation:" + conversation_id.encode(), hashlib.sha256).hexdigest()
