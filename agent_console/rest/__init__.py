"""REST, under `/api/v1`: one file for what belongs together; `asked.py` says whose request it is."""
