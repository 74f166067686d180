"""The review console: flagged answers, one decision each, without page reloads.

Every call returns the console's inner part (list, progress, one item); htmx puts it into the page and ``review.js``
moves the focus to the next item. Faults come back in the same part, with what the reviewer had typed.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Literal

from fastapi import APIRouter, Depends, Form, Query, Request, Response
from fastapi.responses import HTMLResponse, StreamingResponse
from fastapi.templating import Jinja2Templates
from markupsafe import Markup, escape

from deskhand.web.security import Login
from deskhand_guardrails.errors import InputError
from deskhand_guardrails.monitor import Store, Turn
from deskhand_guardrails.review import ReviewItem, ReviewQueue

if TYPE_CHECKING:
    from deskhand.settings import Settings

Show = Literal["pending", "decided"]
Act = Literal["approve", "correct", "reject", "reopen"]

LISTED = 200
"""Items in the list; whoever has more waiting sees the next ones as these are decided."""
EARLIER_TURNS = 5

_PLACEHOLDER = re.compile(r"&lt;([A-Z_]+_\d+)&gt;")

_DONE = {"approve": "Approved.", "correct": "Correction saved.", "reject": "Rejected.", "reopen": "Waiting again."}


@dataclass
class View:
    """What the console shows."""

    show: Show
    items: list[ReviewItem]
    item: ReviewItem | None = None
    notice: str = ""
    undo: str = ""
    """Turn id of the decision that was just taken."""
    fault: str = ""
    typed: str = ""
    """The correction that was not accepted."""
    earlier: list[Turn] = field(default_factory=list)


class Console:
    """Reads the queue for the pages and passes decisions on."""

    def __init__(self, queue: ReviewQueue, store: Store) -> None:
        self.queue = queue
        self._store = store

    def view(self, show: Show, turn_id: str | None = None) -> View:
        """The list and one of its items: the named one, or the first."""
        items = self.queue.pending(LISTED) if show == "pending" else self.queue.decided(LISTED)
        view = View(show, items)
        view.item = next((item for item in items if item.turn.id == turn_id), items[0] if items else None)
        if turn_id is not None and (view.item is None or view.item.turn.id != turn_id):
            view.notice = "That item is not in this list any more; here is the next one."
        if view.item is not None:
            turn = view.item.turn
            view.earlier = self._store.conversation(turn.conversation_id, before=turn.at, limit=EARLIER_TURNS)
        return view

    def decide(self, act: Act, turn_id: str, reviewer: str, show: Show, text: str, note: str) -> View:
        """Takes the decision and shows what comes next; when it is refused, the same item and why."""
        order = [item.turn.id for item in (self.queue.pending(LISTED) if show == "pending" else [])]
        try:
            self._take(act, turn_id, reviewer, text, note)
        except InputError as error:
            view = self.view(show, turn_id)
            view.fault, view.notice, view.typed = _plain(error), "", text
            return view
        after = order[order.index(turn_id) + 1 :] if turn_id in order else []
        view = self.view(show, after[0] if after else None)
        view.notice = _DONE[act]
        view.undo = "" if act == "reopen" else turn_id
        return view

    def _take(self, act: Act, turn_id: str, reviewer: str, text: str, note: str) -> None:
        if act == "approve":
            self.queue.approve(turn_id, reviewer)
        elif act == "correct":
            self.queue.correct(turn_id, reviewer, text)
        elif act == "reject":
            self.queue.reject(turn_id, reviewer, note)
        else:
            self.queue.reopen(turn_id, reviewer)


def routes(queue: ReviewQueue, store: Store, settings: "Settings", pages: Jinja2Templates) -> APIRouter:
    """The console's page, its calls and its downloads, all behind the login."""
    login = Login(settings)
    router = APIRouter(prefix="/review")
    console = Console(queue, store)
    Reviewer = Annotated[str, Depends(login)]  # noqa: N806 - a type

    def page(request: Request, reviewer: str, view: View) -> HTMLResponse:
        # Going back asks for the whole page, though htmx asks for it.
        inner = request.headers.get("hx-request") == "true" and "hx-history-restore-request" not in request.headers
        context = {
            "view": view,
            "counts": queue.counts(),
            "reviewer": reviewer,
            "ago": _ago,
            "marked": _marked,
            "audit": queue.audit,
        }
        return pages.TemplateResponse(request, "review_console.html" if inner else "review.html", context)

    @router.get("", response_class=HTMLResponse)
    def listing(
        request: Request, reviewer: Reviewer, show: Annotated[Show, Query()] = "pending", item: str | None = None
    ) -> HTMLResponse:
        return page(request, reviewer, console.view(show, item))

    @router.post("/items/{turn_id}/{act}", response_class=HTMLResponse)
    def decide(
        request: Request,
        reviewer: Reviewer,
        turn_id: str,
        act: Act,
        show: Annotated[Show, Form()] = "pending",
        text: Annotated[str, Form()] = "",
        note: Annotated[str, Form()] = "",
    ) -> HTMLResponse:
        return page(request, reviewer, console.decide(act, turn_id, reviewer, show, text, note))

    @router.get("/export/{form}.jsonl")
    def export(form: Literal["sft", "dpo"], reviewer: Reviewer) -> Response:  # noqa: ARG001 - the login
        name = f"deskhand-{form}-{datetime.now(UTC):%Y-%m-%d}.jsonl"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return StreamingResponse(_lines(queue, form), media_type="application/jsonl", headers=headers)

    return router


def _lines(queue: ReviewQueue, form: Literal["sft", "dpo"]) -> Iterator[str]:
    for record in queue.export(form):
        yield json.dumps(record, ensure_ascii=False) + "\n"


def _plain(error: InputError) -> str:
    """The fault without the turn's id, which the reviewer is looking at."""
    _, _, said = str(error).partition(": ")
    return (said or str(error))[:1].upper() + (said or str(error))[1:]


def _marked(text: str) -> Markup:
    """The text with its placeholders set off, so that nobody takes them for a slip of the model."""
    return Markup(_PLACEHOLDER.sub(r"<mark>&lt;\1&gt;</mark>", str(escape(text))))  # noqa: S704 - escaped before


def _ago(at: datetime) -> str:
    minutes = int((datetime.now(UTC) - at).total_seconds() // 60)
    if minutes < 1:
        return "just now"
    if minutes < 60:
        return f"{minutes} min ago"
    return f"{minutes // 60} h ago" if minutes < 60 * 48 else f"{minutes // (60 * 24)} days ago"
