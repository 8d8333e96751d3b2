"""Decides what is done or refused, from values alone."""
