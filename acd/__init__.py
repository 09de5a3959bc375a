"""The brain: which agent takes which call. Pure: no clock, no I/O, no randomness; imports nothing of ours.

Read `vocabulary` (what is said to the ACD and what it says), `moves` (the tables of moves), `state`
(what a fact changes), `rules` (what is decided), `core` (the loop's one door).
"""
