"""The tables' history, one file a change in `versions`, run by Alembic. I/O on the database, through `database`."""
