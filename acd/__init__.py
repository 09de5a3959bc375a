"""The brain: which agent takes which call. Pure: no clock, no I/O, no randomness; imports nothing of ours.

Read `inputs`, `facts` and `policy` (what is said to the ACD, what it says, what an operator wants; `vocabulary` is all
three), `moves` (the tables of moves), `model` and `lanes` (what stands on the floor), `state` with `agent_state` and
`call_state` (what a fact changes), `choosing` with `agent_choices`, `call_choices` and `estimates` (which agent, which
call, how long, and why), `rules` with the files `*_rules` (what is decided for each input), `core` (the one door).
`asks` is the language of skills, `bounds` what can be said of rules before any call comes.
"""
