"""Rules: query text to syntax tree to matcher to spans, and the index that finds the few rules worth evaluating.

One grammar and one evaluator serve live alerts, archive search and back-tests: an index only narrows, ``matcher`` decides.
"""

from aggregator.rules.compiler import CompiledQuery, compile_query
from aggregator.rules.entities import entity_errors
from aggregator.rules.examples import ExampleFailure, document_of, failing_examples
from aggregator.rules.explaining import explain_error
from aggregator.rules.explanation import Finding, explain, reasons
from aggregator.rules.formatting import canonical
from aggregator.rules.narrowing import Narrowing
from aggregator.rules.noise import key_values, with_noise_control
from aggregator.rules.paging import digest, dump, load
from aggregator.rules.parser import parse
from aggregator.rules.ranking import relevance
from aggregator.rules.ruleset import RuleSet, compile_rules
from aggregator.rules.streams import GAP
from aggregator.rules.syntax import Query, Warning_
from aggregator.rules.versions import aliases_used, pinned, same_meaning

__all__ = [
    "GAP",
    "CompiledQuery",
    "ExampleFailure",
    "Finding",
    "Narrowing",
    "Query",
    "RuleSet",
    "Warning_",
    "aliases_used",
    "canonical",
    "compile_query",
    "compile_rules",
    "digest",
    "document_of",
    "dump",
    "entity_errors",
    "explain",
    "explain_error",
    "failing_examples",
    "key_values",
    "load",
    "parse",
    "pinned",
    "reasons",
    "relevance",
    "same_meaning",
    "with_noise_control",
]
