"""Stand-ins for programs that cannot be had, or made to misbehave: real processes, scripted."""
