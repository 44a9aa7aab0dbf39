"""What digest and alert mails share: our own words, stories laid out for a reader, the HTML paper and the plain text."""

from aggregator.letter.paper import MOST_BYTES, first_fitting, safe_url, subject_line, tidy, write_html
from aggregator.letter.plain import WIDTH, foreign, named, sentence, story_lines, wrapped
from aggregator.letter.stories import Reader, Story, arrange, outlet_of, story_block, story_facts, trim
from aggregator.letter.volumes import VolumeLine, of_reader, usual, volume_line
from aggregator.letter.words import Words, words_of

__all__ = [
    "MOST_BYTES",
    "WIDTH",
    "Reader",
    "Story",
    "VolumeLine",
    "Words",
    "arrange",
    "first_fitting",
    "foreign",
    "named",
    "of_reader",
    "outlet_of",
    "safe_url",
    "sentence",
    "story_block",
    "story_facts",
    "story_lines",
    "subject_line",
    "tidy",
    "trim",
    "usual",
    "volume_line",
    "words_of",
    "wrapped",
    "write_html",
]
