"""The lab: a real Asterisk, SIPp callers and agents, and the sound that each of them makes and hears. Does I/O."""
