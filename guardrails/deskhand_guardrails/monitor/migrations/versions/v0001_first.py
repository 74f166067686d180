"""Turns, reviews, audit."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

TIME = sa.DateTime(timezone=True)

# Conversation ids, model folders and names come from outside: no length that a long one would run into.

REFUSE_SQLITE = """
CREATE TRIGGER audit_no_{verb} BEFORE {verb} ON audit
BEGIN SELECT RAISE(ABORT, 'audit rows are only ever added'); END
"""

REFUSE_POSTGRESQL = (
    """
CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'audit rows are only ever added'; END $$
""",
    "CREATE TRIGGER audit_only_added BEFORE UPDATE OR DELETE ON audit FOR EACH ROW EXECUTE FUNCTION audit_refuse()",
)


def upgrade() -> None:
    """Creates the first tables."""
    op.create_table(
        "turns",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("conversation_id", sa.Text, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("question", sa.Text, nullable=False),
        sa.Column("answer", sa.Text, nullable=False),
        sa.Column("decision", sa.String(16), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("findings", sa.JSON, nullable=False),
        sa.Column("sources", sa.JSON, nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("policy", sa.String(64), nullable=False),
        sa.Column("confidence", sa.Float),
        sa.Column("milliseconds", sa.Float, nullable=False),
        sa.Column("feedback", sa.String(8)),
        sa.PrimaryKeyConstraint("id", name="pk_turns"),
    )
    op.create_index("ix_turns_conversation_id_at", "turns", ["conversation_id", "at"])
    op.create_index("ix_turns_at", "turns", ["at"])
    op.create_table(
        "reviews",
        sa.Column("turn_id", sa.Text, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("opened_at", TIME, nullable=False),
        sa.Column("reviewer", sa.Text),
        sa.Column("decided_at", TIME),
        sa.Column("correction", sa.Text),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("policy", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("turn_id", name="pk_reviews"),
        sa.ForeignKeyConstraint(["turn_id"], ["turns.id"], name="fk_reviews_turn_id", ondelete="CASCADE"),
    )
    op.create_index("ix_reviews_state_opened_at", "reviews", ["state", "opened_at"])
    op.create_index("ix_reviews_state_decided_at", "reviews", ["state", "decided_at"])
    _audit()


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer, autoincrement=True, nullable=False),
        sa.Column("turn_id", sa.Text, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("action", sa.String(16), nullable=False),
        sa.Column("policy", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
    )
    op.create_index("ix_audit_turn_id_id", "audit", ["turn_id", "id"])
    if op.get_bind().dialect.name == "postgresql":
        for statement in REFUSE_POSTGRESQL:
            op.execute(statement)
    else:
        for verb in ("UPDATE", "DELETE"):
            op.execute(REFUSE_SQLITE.format(verb=verb))


def downgrade() -> None:
    """Steps are forward only: going back would drop the record."""
    raise NotImplementedError("restore a backup instead")
