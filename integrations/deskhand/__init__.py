"""Deskhand, the application: command line, settings, Slack, web chat, review console.

The rooms below it are packages of their own: ``langchain_deskhand`` (guarded chat models), ``deskhand_finetune``
(tickets to models) and ``deskhand_guardrails`` (policy, rails, record, review).
"""

from __future__ import annotations

__version__ = "0.1.0"
