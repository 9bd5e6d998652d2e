"""Benchmarks: figures measured side by side on one machine. ``make bench`` runs them all."""
