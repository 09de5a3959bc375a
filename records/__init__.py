"""The memory: the journal of facts (the truth), and what a database derives from it: call records and customers."""
