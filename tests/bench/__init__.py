"""Benchmarks: ``make bench NAME=poll``. The last line of each is one JSON object with figures and ratios."""
