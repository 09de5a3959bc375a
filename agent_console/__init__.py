"""The screens: what agents and supervisors see. A WebSocket of the facts each may see, sign-in, and the web page.

A reader's way: `settings.py`, `callers.py` (what is asked of the records), `audience.py` (who sees what), `board.py`
(what a snapshot shows), `messages.py` (the protocol), `recent.py`, `pops.py`, `screen.py`, `hub.py` (who is sent what,
and when), `live.py` (one WebSocket), `rest/`, `server.py` (the port, and `Console`, which the rest of the house
sees); then the page: `page/src/state.ts`, `link.ts`, and the views.
"""
