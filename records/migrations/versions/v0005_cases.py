"""Cases of customers, and what was added to them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "cases",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("customer", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("opened_by", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("closed_at", sa.BigInteger(), comment="null while it is open"),
        sa.ForeignKeyConstraint(["customer"], ["customers.id"], name="fk_cases_customer_customers", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_cases"),
    )
    op.create_index("ix_cases_customer", "cases", ["customer"])
    op.create_table(
        "case_entries",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("case", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False, comment="the user who added it"),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("call", sa.Text(), nullable=False, comment="during which call, or empty"),
        sa.Column("changes", sa.JSON(), nullable=False, comment="{field: [before, after]}"),
        sa.ForeignKeyConstraint(["case"], ["cases.id"], name="fk_case_entries_case_cases", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_case_entries"),
    )
    op.create_index("ix_case_entries_case", "case_entries", ["case", "at"])
