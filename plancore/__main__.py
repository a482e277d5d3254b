"""`python -m plancore` is the `plancore` command."""

from plancore.cli import main

main()
