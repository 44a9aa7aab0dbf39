"""Which words and phrases of a rule to look for first: those that are rarest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from aggregator.rules.matcher import AllOf, AnyOf, AnyPlace, Apart, Beside, Count, Leaf, Loose, Node
from aggregator.rules.streams import Probe
from aggregator.text import unspaced

_LONG = 12


def commonness(term: str) -> float:
    """A guess at how often a term occurs: short words more often, characters of unspaced scripts in between."""
    return 0.03 if unspaced(term) else 2.0 ** -min(len(term), _LONG)


def _cost(anchors: Sequence[Probe]) -> float:
    """A guess at how often one of ``anchors`` stands in a text."""
    return sum(
        min(map(commonness, sequence)) * (4.0 if probe.prefix and len(sequence) == 1 else 1.0) / len(sequence)
        for probe in anchors
        for sequence in probe.sequences
    )


def anchors(node: Node) -> tuple[Probe, ...] | None:
    """The cheapest set of probes of which one must hit for ``node`` to hold; None if there is no such set."""
    match node:
        case Leaf(probe=probe):
            return (probe,)
        case Loose(words=words):
            return min(((word.probe,) for word in words), key=_cost)
        case AllOf(parts=parts):
            return _cheapest(parts)
        case AnyOf(parts=parts) | AnyPlace(parts=parts):
            sets = [anchors(part) for part in parts]
            return tuple(dict.fromkeys(probe for one in sets for probe in one or ())) if all(sets) else None
        case Beside(left=left, right=right):
            return _cheapest((left, right))
        case Apart(left=part) | Count(part=part):
            return anchors(part)
        case _:
            return None


def _cheapest(parts: Iterable[Node]) -> tuple[Probe, ...] | None:
    """The cheapest of the parts' sets: each part must hold."""
    sets = [on for part in parts if (on := anchors(part))]
    return min(sets, key=_cost) if len(sets) > 1 else next(iter(sets), None)
