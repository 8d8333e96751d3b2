"""Tells a caller what a verb did, as JSON and as lines; does nothing itself."""
