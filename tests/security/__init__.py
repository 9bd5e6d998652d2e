"""A hostile vault: what Claude, a mail or a sync program may put there leads nowhere outside."""
