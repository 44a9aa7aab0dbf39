"""The daily digest: when it is due (slots), what stands in it (composing) and how it looks (rendering)."""

from aggregator.digest.composing import compose
from aggregator.digest.rendering import render_digest
from aggregator.digest.slots import days_before, due_slot, latest_slot, next_slot, slots_between, slots_of

__all__ = ["compose", "days_before", "due_slot", "latest_slot", "next_slot", "render_digest", "slots_between", "slots_of"]
