"""How far each webhook has been told."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "webhook_positions",
        sa.Column("webhook", sa.Text(), nullable=False),
        sa.Column("journal", sa.Text(), nullable=False, comment="the mark of the journal: see JournalReader.mark"),
        sa.Column(
            "delivered", sa.BigInteger(), nullable=False, comment="its last line of which all events are delivered"
        ),
        sa.Column(
            "read_from", sa.BigInteger(), nullable=False, comment="all calls that go on there began behind this line"
        ),
        sa.PrimaryKeyConstraint("webhook", name="pk_webhook_positions"),
    )
