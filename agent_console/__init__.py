"""The screens: what agents and supervisors see. A WebSocket of the facts each may see, sign-in, and the web page."""
