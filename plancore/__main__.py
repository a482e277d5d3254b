"""`python -m plancore` is the `plancore` command."""

from plancore.cli import main

if __name__ == "__main__":
    main()
