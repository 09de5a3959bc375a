"""The brain: which agent takes which call. Pure: no clock, no I/O, no randomness; imports nothing of ours.

Read `vocabulary` (what is said to the ACD and what it says), `moves` (the tables of moves), `state` (what a fact
changes), `choosing` (which agent, which call, and why), `rules` with `agent_rules`, `call_rules` and `switch_rules`
(what is decided for each input), `core` (the one door).
"""
