"""The first tables: customers, calls and their segments, wishes, SMDR records, the followers' positions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "calls",
        sa.Column("call", sa.Text(), nullable=False),
        sa.Column("node", sa.Text(), nullable=False),
        sa.Column("port", sa.Text(), nullable=False),
        sa.Column("ani", sa.Text(), nullable=False),
        sa.Column("caller", sa.Text(), nullable=True),
        sa.Column("dnis", sa.Text(), nullable=False),
        sa.Column("menu_choices", sa.JSON(), nullable=False, comment="[[menu, choice], ...]"),
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("priority", sa.BigInteger(), nullable=False),
        sa.Column("began_at", sa.BigInteger(), nullable=False),
        sa.Column("queued_at", sa.BigInteger(), nullable=True),
        sa.Column("connected_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("waited_ms", sa.BigInteger(), nullable=False),
        sa.Column("talked_ms", sa.BigInteger(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False, comment="empty until the call has ended"),
        sa.Column("agent", sa.Text(), nullable=False, comment="who talked, or empty"),
        sa.Column("ended_by", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("wish", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("call", name="pk_calls"),
    )
    op.create_index("ix_calls_began_at", "calls", ["began_at"])
    op.create_index("ix_calls_caller", "calls", ["caller", "began_at"])
    op.create_index("ix_calls_ended_at", "calls", ["ended_at"])
    op.create_table(
        "customers",
        sa.Column("id", _ID, nullable=False),
        sa.Column("reference", sa.Text(), nullable=False, comment="the customer's id in another system, or empty"),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("company", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_customers"),
    )
    op.create_index("ix_customers_reference", "customers", ["reference"])
    op.create_table(
        "journal_positions",
        sa.Column("follower", sa.Text(), nullable=False),
        sa.Column("journal", sa.Text(), nullable=False, comment="the mark of the journal: see JournalReader.mark"),
        sa.Column("seq", sa.BigInteger(), nullable=False, comment="its last line whose rows are here"),
        sa.PrimaryKeyConstraint("follower", name="pk_journal_positions"),
    )
    op.create_table(
        "smdr_records",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False, comment="the journal line that says so"),
        sa.Column("call", sa.Text(), nullable=False),
        sa.Column("link", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("talked_ms", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_smdr_records"),
    )
    op.create_index("ix_smdr_records_call", "smdr_records", ["call"])
    op.create_table(
        "wishes",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False, comment="the journal line that says so"),
        sa.Column("call", sa.Text(), nullable=False),
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("wish", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("recording", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_wishes"),
    )
    op.create_index("ix_wishes_call", "wishes", ["call"])
    op.create_table(
        "customer_numbers",
        sa.Column("customer", _ID, nullable=False),
        sa.Column("number", sa.Text(), nullable=False, comment="several customers may share one"),
        sa.ForeignKeyConstraint(
            ["customer"], ["customers.id"], name="fk_customer_numbers_customer", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("customer", "number", name="pk_customer_numbers"),
    )
    op.create_index("ix_customer_numbers_number", "customer_numbers", ["number"])
    op.create_table(
        "segments",
        sa.Column("call", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False, comment="counts a call's stays from 1"),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("began_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("offer", sa.BigInteger(), nullable=False, comment="0 where the stay belongs to no offer"),
        sa.Column("result", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["call"], ["calls.call"], name="fk_segments_call"),
        sa.PrimaryKeyConstraint("call", "number", name="pk_segments"),
    )
    op.create_index("ix_segments_agent", "segments", ["agent", "began_at"])
    op.create_index("ix_segments_ended_at", "segments", ["ended_at"])
