"""How fast Callfloor is on the machine at hand: `python -m benchmarks [NAME ...]`, all of them without a name."""
