"""Reads and changes a project, whole or not at all; the only folder that writes there."""
