"""A PBX that is not there: real AMI, FastAGI and serial bytes on loopback, with the behaviour of Asterisk 22.

`channel` one leg and what runs on it · `switch` the legs that exist and what joins them · `dialplan` our dialplan ·
`agi_client` and `agi_commands` the IVR's far end · `ami_server` and `ami_actions` the bridge's far end ·
`serial_port` the RS-232 line's far end · `simulated_pbx` all of it, started and stopped as one.

What each event carries, in which order and with which cause was looked up on a running Asterisk 22.10. `speed` divides
what people do and what sounds last; the time that the PBX grants us (an answered leg waiting for its bridge) is real.
"""
