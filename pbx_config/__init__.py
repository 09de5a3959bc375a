"""The switch's side: Asterisk's configuration, rendered from ours (pure) and checked against a live switch (I/O)."""
