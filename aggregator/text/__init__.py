"""One analyzer for everything: folding, tokens with true offsets, quotations, marked segments and snippets, direction.

Rules, search and every index cut and fold text here and nowhere else; that is why live alerts, search and back-tests agree.
"""

from aggregator.text.alphabets import Offsets, index_text, offsets, terms
from aggregator.text.attributions import Attribution, attributions
from aggregator.text.direction import direction
from aggregator.text.folding import fold
from aggregator.text.persian import ZWNJ, spellings
from aggregator.text.quotations import Quotation, quotations
from aggregator.text.snippets import highlight, snippets
from aggregator.text.tokens import Token, tokenize, unspaced

__all__ = [
    "ZWNJ",
    "Attribution",
    "Offsets",
    "Quotation",
    "Token",
    "attributions",
    "direction",
    "fold",
    "highlight",
    "index_text",
    "offsets",
    "quotations",
    "snippets",
    "spellings",
    "terms",
    "tokenize",
    "unspaced",
]
