"""What agents keep of a call: notes, dispositions, and who the caller is.

Calls that are recorded already have none of it.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column(
        "calls",
        sa.Column(
            "disposition",
            sa.Text(),
            nullable=False,
            server_default="",
            comment="the one that was given last",
        ),
    )
    op.add_column(
        "calls",
        sa.Column(
            "customer",
            sa.Text(),
            nullable=False,
            server_default="",
            comment="who the caller is, as an agent has chosen",
        ),
    )
    op.create_table(
        "call_work",
        sa.Column("call", sa.Text(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False, comment="whose note and disposition"),
        sa.Column("at", sa.BigInteger(), nullable=False, comment="the last change"),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("disposition", sa.Text(), nullable=False, comment="a path of the queue's tree, or empty"),
        sa.ForeignKeyConstraint(["call"], ["calls.call"], name="fk_call_work_call_calls"),
        sa.PrimaryKeyConstraint("call", "agent", name="pk_call_work"),
    )
    op.create_index("ix_call_work_disposition", "call_work", ["disposition"])
