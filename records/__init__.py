"""The memory: the journal of facts (the truth), and what is derived from it in a database: call records and customers."""
