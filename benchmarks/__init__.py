"""How fast Callfloor is on the machine at hand: `python -m benchmarks [core] [decisions] [peers] [asterisk]`."""
