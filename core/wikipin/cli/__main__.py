"""`python -m wikipin.cli` is the command."""

from wikipin.cli import main

main()
