"""Ten years of plan, ledger and due check under a simulated clock, with everything that happens to a machine."""
