"""The command `wikipin`: the same verbs for people and for CI. Nobody imports it."""

from wikipin.cli.command import cli, main

__all__ = ["cli", "main"]
