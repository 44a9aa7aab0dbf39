"""Parity: one query, one answer, wherever it is asked.

Random queries are put to the same articles in four ways: as rules to the live rule set, as searches to the archive on SQLite and
to that on PostgreSQL, and to a slow, plain evaluator that shares neither parser nor matcher with them. All four must find the
same articles, and the first three the same places.

The suite does so with articles of its own making and one seed. ``make parity [ARGS="--seed N --queries 5000 --data FOLDER"]``
takes a fresh seed, and says which.
"""
