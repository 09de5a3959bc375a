"""The tables of the database. Pure: a description; `database` opens one, `migrations` builds and changes it.

Times ending in `_at` are milliseconds since 1970 UTC, durations ending in `_ms` are milliseconds. Numbers under
`caller` and `number` are E.164, those under `ani` stand as the exchange sent them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import JSON, BigInteger, Column, Dialect, ForeignKey, Index, Integer, MetaData, Table, Text
from sqlalchemy.types import TypeDecorator

if TYPE_CHECKING:
    _TextDecorator = TypeDecorator[str]
else:
    _TextDecorator = TypeDecorator


class Words(_TextDecorator):
    """Text from anywhere. PostgreSQL takes no NUL in a text, so it becomes U+FFFD, the sign for a lost character."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return value if value is None else value.replace("\0", "\ufffd")


metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
    }
)

customers = Table(
    "customers",
    metadata,
    # SQLite numbers rows by itself only in a column that is called INTEGER.
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("reference", Words, nullable=False, comment="the customer's id in another system, or empty"),
    Column("name", Words, nullable=False),
    Column("company", Words, nullable=False),
    Column("note", Words, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("fields", JSON, nullable=False, server_default="{}", comment="the operator's own fields: key, text"),
    Index(None, "reference"),
)

customer_changes = Table(
    "customer_changes",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("customer", ForeignKey("customers.id", ondelete="CASCADE"), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("by", Words, nullable=False, comment="the user who changed it"),
    Column("changes", JSON, nullable=False, comment="{field: [before, after]}"),
    Index(None, "customer", "at"),
)

customer_numbers = Table(
    "customer_numbers",
    metadata,
    Column("customer", ForeignKey("customers.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Words, primary_key=True, comment="several customers may share one"),
    Index(None, "number"),
)

cases = Table(
    "cases",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("customer", ForeignKey("customers.id", ondelete="CASCADE"), nullable=False),
    Column("title", Words, nullable=False),
    Column("opened_at", BigInteger, nullable=False),
    Column("opened_by", Words, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("closed_at", BigInteger, comment="null while it is open"),
    Index(None, "customer"),
)

case_entries = Table(
    "case_entries",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("case", ForeignKey("cases.id", ondelete="CASCADE"), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("by", Words, nullable=False, comment="the user who added it"),
    Column("text", Words, nullable=False),
    Column("call", Words, nullable=False, comment="during which call, or empty"),
    Column("changes", JSON, nullable=False, comment="{field: [before, after]}"),
    Index(None, "case", "at"),
)

calls = Table(
    "calls",
    metadata,
    Column("call", Words, primary_key=True),
    Column("node", Words, nullable=False),
    Column("port", Words, nullable=False),
    Column("ani", Words, nullable=False),
    Column("caller", Words),
    Column("dnis", Words, nullable=False),
    Column("menu_choices", JSON, nullable=False, comment="[[menu, choice], ...]"),
    Column("queue", Words, nullable=False),
    Column("priority", BigInteger, nullable=False),
    Column("began_at", BigInteger, nullable=False),
    Column("queued_at", BigInteger),
    Column("connected_at", BigInteger),
    Column("ended_at", BigInteger),
    Column("waited_ms", BigInteger, nullable=False),
    Column("talked_ms", BigInteger, nullable=False),
    Column("outcome", Words, nullable=False, comment="empty until the call has ended"),
    Column("agent", Words, nullable=False, comment="who talked, or empty"),
    Column("ended_by", Words, nullable=False),
    Column("cause", Words, nullable=False),
    Column("wish", Words, nullable=False),
    Column("disposition", Words, nullable=False, server_default="", comment="the one that was given last"),
    Column("customer", Words, nullable=False, server_default="", comment="who the caller is, as an agent has chosen"),
    Index(None, "caller", "began_at"),
    Index(None, "began_at"),
    Index(None, "ended_at"),
)

segments = Table(
    "segments",
    metadata,
    Column("call", ForeignKey("calls.call"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False, comment="counts a call's stays from 1"),
    Column("kind", Words, nullable=False),
    Column("began_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Column("agent", Words, nullable=False),
    Column("queue", Words, nullable=False),
    Column("offer", BigInteger, nullable=False, comment="0 where the stay belongs to no offer"),
    Column("result", Words, nullable=False),
    Column("target", Words, nullable=False, server_default="", comment="whom an agent asked or gave the call to"),
    Index(None, "ended_at"),
    Index(None, "agent", "began_at"),
)

call_work = Table(
    "call_work",
    metadata,
    Column("call", ForeignKey("calls.call"), primary_key=True),
    Column("agent", Words, primary_key=True, comment="whose note and disposition"),
    Column("at", BigInteger, nullable=False, comment="the last change"),
    Column("note", Words, nullable=False),
    Column("disposition", Words, nullable=False, comment="a path of the queue's tree, or empty"),
    Index(None, "disposition"),
)

wishes = Table(
    "wishes",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False, comment="the journal line that says so"),
    Column("call", Words, nullable=False),
    Column("queue", Words, nullable=False),
    Column("wish", Words, nullable=False),
    Column("number", Words, nullable=False),
    Column("recording", Words, nullable=False),
    Column("at", BigInteger, nullable=False),
    Index(None, "call"),
)

smdr_records = Table(
    "smdr_records",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False, comment="the journal line that says so"),
    Column("call", Words, nullable=False),
    Column("link", Words, nullable=False),
    Column("text", Words, nullable=False),
    Column("talked_ms", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    Index(None, "call"),
)

journal_positions = Table(
    "journal_positions",
    metadata,
    Column("follower", Words, primary_key=True),
    Column("journal", Words, nullable=False, comment="the mark of the journal: see JournalReader.mark"),
    Column("seq", BigInteger, nullable=False, comment="its last line whose rows are here"),
)

webhook_positions = Table(
    "webhook_positions",
    metadata,
    Column("webhook", Words, primary_key=True),
    Column("journal", Words, nullable=False, comment="the mark of the journal: see JournalReader.mark"),
    Column("delivered", BigInteger, nullable=False, comment="its last line of which all events are delivered"),
    Column("read_from", BigInteger, nullable=False, comment="all calls that go on there began behind this line"),
)
