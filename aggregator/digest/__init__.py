"""The daily digest: when it is due (slots), what stands in it (composing) and how it looks (rendering)."""

from aggregator.digest.composing import compose
from aggregator.digest.rendering import render_digest
from aggregator.digest.slots import latest_slot, local_day_bounds, next_slot

__all__ = ["compose", "latest_slot", "local_day_bounds", "next_slot", "render_digest"]
