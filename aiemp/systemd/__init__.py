"""systemd: the units of a plan, and everything that reads, writes or asks for them."""
