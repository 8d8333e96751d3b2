"""Tells what a person should see of a tree before it is installed, from values alone."""
