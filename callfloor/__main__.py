"""`python -m callfloor` is the command `callfloor`. I/O: the command line."""

from callfloor.cli import main

main()
