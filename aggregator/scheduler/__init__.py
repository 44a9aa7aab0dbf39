"""The scheduler: about six ticks that claim what is due, and the queue that carries it to the use cases.

A tick never does the work: it claims in one statement and submits ids. The schedule itself is in the tables
(``next_poll_at``, ``due_at``), so that there is never a scheduler job, nor a future queue job, per source.
"""
