"""Segments say whom an agent consulted, joined or transferred a call to.

Calls that are recorded already keep the segments that they have. Whoever wants those of hold, consultation, conference
and transfer for them as well lets the tables be made again from the journal.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column(
        "segments",
        sa.Column(
            "target",
            sa.Text(),
            nullable=False,
            server_default="",
            comment="whom an agent asked or gave the call to",
        ),
    )
