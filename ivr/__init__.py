"""What callers hear: flows are data, stepped by a pure interpreter; FastAGI and speech are the edges that do I/O."""
