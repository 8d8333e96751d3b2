"""Reads a wiki at one commit; the only folder that runs git."""
