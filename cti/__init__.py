"""The wires to the switch: AMI over TCP, SMDI and SMDR over RS-232.

Pure codecs (`ami`, `smdi`, `smdr`) turn bytes into messages; `asterisk` is the one pure file that knows Asterisk's
event names and turns messages into reports for the ACD; `ami_link` and `serial_line` are the shells that move bytes.
"""
