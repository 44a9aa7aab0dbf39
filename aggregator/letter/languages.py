"""The languages in which our mails speak, and what is stored in English told in each of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from aggregator.letter.english import ENGLISH
from aggregator.letter.french import FRENCH
from aggregator.letter.german import GERMAN
from aggregator.letter.persian import PERSIAN
from aggregator.letter.words import Words

TABLES: Mapping[str, Words] = {words.language: words for words in (ENGLISH, FRENCH, GERMAN, PERSIAN)}
"""To add a language, write its table in a module of its own and enter it here."""

_CHANGED = "Changed after publication: {0}."


def words_of(language: str) -> Words:
    """The table of ``language`` (BCP 47), or the English one as long as nobody has written it."""
    return TABLES.get(language.lower().replace("_", "-").partition("-")[0], ENGLISH)


def retell(told: str, words: Words) -> tuple[str, str]:
    """A note or a change as it is stored, in the reader's language; and the language that it is told in.

    Articles and edits keep what was noted of them as English sentences of ours, joined by "; " or a space. What is not all
    made of sentences that the table knows stays English.
    """
    if words.language == ENGLISH.language:
        return told, ENGLISH.language
    if (changed := _pattern(_CHANGED).fullmatch(told)) and (said := _retold(changed[1], words)):
        return words.notes[_CHANGED].format(said), words.language
    said = _retold(told, words)
    return (said, words.language) if said else (told, ENGLISH.language)


def _retold(told: str, words: Words) -> str:
    """Sentence by sentence; "" if one of them is not known."""
    said, at = "", 0
    while at < len(told):
        known = ((ours, _pattern(sentence).match(told, at)) for sentence, ours in words.notes.items() if sentence != _CHANGED)
        ours, found = next(((ours, found) for ours, found in known if found), ("", None))
        if found is None:
            return ""
        *inside, gap = found.groups()
        said += ours.format(*(words.localised(part) if part.isdecimal() else part for part in inside))
        said += words.semicolon if gap == "; " else gap
        at = found.end()
    return said


@cache
def _pattern(sentence: str) -> re.Pattern[str]:
    """The sentence and what parts it from the next. A headline may hold anything, a name no semicolon."""
    if sentence == _CHANGED:
        return re.compile(re.escape(sentence).replace(r"\{0\}", "(.+)"), re.DOTALL)
    inside = "(.+?)" if "“" in sentence else "((?:(?!; ).)+?)"
    end = "( |$)" if sentence.endswith(".") else "(; |$)"
    return re.compile(re.escape(sentence).replace(r"\{0\}", inside) + end, re.DOTALL)
