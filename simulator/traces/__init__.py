"""Recorded days: what happened at a call center, read from whatever wrote it down."""
