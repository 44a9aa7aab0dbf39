"""What digest and alert mails share: our own words, stories laid out for a reader, the HTML paper and the plain text."""

from aggregator.letter.isolation import foreign, language_tag, named, safe_url, subject_line, tidy
from aggregator.letter.languages import retell, words_of
from aggregator.letter.paper import MOST_BYTES, Stories, first_fitting, write_html
from aggregator.letter.plain import WIDTH, address, link_lines, note_lines, own_links, said, sentence, story_lines, wrapped
from aggregator.letter.stories import Reader, Story, arrange, outlet_of, rank, story_block, story_facts, trim, weight
from aggregator.letter.volumes import VolumeLine, of_reader, volume_line, volume_subject
from aggregator.letter.words import Words

__all__ = [
    "MOST_BYTES",
    "WIDTH",
    "Reader",
    "Stories",
    "Story",
    "VolumeLine",
    "Words",
    "address",
    "arrange",
    "first_fitting",
    "foreign",
    "language_tag",
    "link_lines",
    "named",
    "note_lines",
    "of_reader",
    "outlet_of",
    "own_links",
    "rank",
    "retell",
    "safe_url",
    "said",
    "sentence",
    "story_block",
    "story_facts",
    "story_lines",
    "subject_line",
    "tidy",
    "trim",
    "volume_line",
    "volume_subject",
    "weight",
    "words_of",
    "wrapped",
    "write_html",
]
