"""The record of every turn: one database, SQLite by default, PostgreSQL by URL.

``Store(url)`` opens it and brings its tables up to date; ``Turn`` is one question with its answer. Texts in it hold
placeholders such as ``<EMAIL_ADDRESS_1>``, never the customer's own data.
"""

from deskhand_guardrails.monitor.store import Store
from deskhand_guardrails.monitor.transcript import transcript
from deskhand_guardrails.monitor.turn import Feedback, Turn

__all__ = ["Feedback", "Store", "Turn", "transcript"]
