"""The store: tables, the engine, and one module of units of work per noun.

A unit of work is a plain ``def unit(session, …)`` run by ``await store.write(unit, …)`` or ``await store.read(unit, …)``:
one call, one transaction, no network inside. Rows never leave this room.
"""

from aggregator.store.engine import Store, told_plainly

__all__ = ["Store", "told_plainly"]
