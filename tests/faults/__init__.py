"""The fault campaign: each step of each write fails once, or is the last thing that its process does."""
