"""What Alembic runs to apply the versions: on the connection that `records.database` hands over. I/O on it."""

from __future__ import annotations

from alembic import context

from records.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
