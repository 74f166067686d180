"""Alembic's environment: runs inside the transaction that :mod:`deskhand_guardrails.monitor.database` has begun."""

from alembic import context

from deskhand_guardrails.monitor.tables import Base

context.configure(connection=context.config.attributes["connection"], target_metadata=Base.metadata)
context.run_migrations()
