"""Rules: query text to syntax tree to matcher to spans, and the index that finds the few rules worth evaluating.

One grammar and one evaluator serve live alerts, archive search and back-tests: an index only narrows, ``matcher`` decides.
"""

from aggregator.rules.compiler import CompiledQuery, compile_query
from aggregator.rules.entities import entity_errors
from aggregator.rules.explaining import explain_error
from aggregator.rules.formatting import canonical
from aggregator.rules.narrowing import Narrowing
from aggregator.rules.parser import parse
from aggregator.rules.ruleset import RuleSet, compile_rules
from aggregator.rules.syntax import Query, Warning_

__all__ = [
    "CompiledQuery",
    "Narrowing",
    "Query",
    "RuleSet",
    "Warning_",
    "canonical",
    "compile_query",
    "compile_rules",
    "entity_errors",
    "explain_error",
    "parse",
]
