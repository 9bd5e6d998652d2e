"""Watchers: which there are, how one is started under its lock, and the two that are built in."""
