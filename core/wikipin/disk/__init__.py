"""Holds a directory open by descriptor, on every platform; knows no project and no wiki."""
