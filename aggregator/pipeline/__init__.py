"""The use cases, and the only place with order in it: poll > extract > match > alert > digest > deliver > prune.

Each takes ids and gives a report; the state in the tables is the truth, so that each can be stopped anywhere and run again.
"""
