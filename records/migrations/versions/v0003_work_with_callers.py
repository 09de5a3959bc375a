"""What agents keep of a call (notes, dispositions, who the caller is), the operator's own fields of customers, and who
has changed a customer.

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
    op.add_column(
        "customers",
        sa.Column(
            "fields", sa.JSON(), nullable=False, server_default="{}", comment="the operator's own fields: key, text"
        ),
    )
    op.create_table(
        "customer_changes",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("customer", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False, comment="the user who changed it"),
        sa.Column("changes", sa.JSON(), nullable=False, comment="{field: [before, after]}"),
        sa.ForeignKeyConstraint(
            ["customer"], ["customers.id"], name="fk_customer_changes_customer_customers", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_customer_changes"),
    )
    op.create_index("ix_customer_changes_customer", "customer_changes", ["customer", "at"])
