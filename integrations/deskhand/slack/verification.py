"""Only Slack may talk to us over HTTP: the signature of every request is checked before anything else happens.

Bolt's own check answers 500 to a timestamp that is not a number and logs the body of what it refuses; this one refuses
whatever it cannot check, in silence.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from slack_bolt.middleware.async_middleware import AsyncMiddleware
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.signature import SignatureVerifier


class SignatureCheck(AsyncMiddleware):
    """Lets signed requests of the last five minutes through; Socket Mode's come over a connection that we opened.

    Args:
        secret: the app's signing secret; None refuses every HTTP request.
    """

    def __init__(self, secret: str | None) -> None:
        self._verifier = SignatureVerifier(secret) if secret else None

    async def async_process(
        self,
        *,
        req: AsyncBoltRequest,
        resp: BoltResponse,  # noqa: ARG002 - Bolt's signature
        next: Callable[[], Awaitable[BoltResponse]],  # noqa: A002
    ) -> BoltResponse | None:
        """Bolt's middleware signature: 401 unless the request is Slack's."""
        if req.mode == "socket_mode" or self._signed(req):
            return await next()
        return BoltResponse(status=401, body={"error": "invalid request"})

    def _signed(self, request: AsyncBoltRequest) -> bool:
        if self._verifier is None:
            return False
        timestamp = request.headers.get("x-slack-request-timestamp", [""])[0]
        signature = request.headers.get("x-slack-signature", [""])[0]
        if not (timestamp.isascii() and timestamp.isdigit() and signature.isascii()):
            return False
        return self._verifier.is_valid(request.raw_body, timestamp, signature)
