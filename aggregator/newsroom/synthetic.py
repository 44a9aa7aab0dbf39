"""Outlets for load tests: any number of stories, made when asked for, the same for the same seed."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from functools import lru_cache

from aggregator.newsroom.outlet import FeedFormat, Profile, Validation
from aggregator.newsroom.story import Story

MARKER_WORDS = (
    "quillback",
    "Tarnhalm",
    "sorrelwood",
    "vexillum",
    "барсуковина",
    "снегирица",
    "سپیدارستان",
    "کوهستانک",
    "gâtinais",
    "ombrelune",
)
"""Ten words in three scripts. Each stands in about one of twelve synthetic stories, at most once, and in no other text."""

_VOCABULARY = {
    "en": "river council engineer granite letter orchard bridge evening carpenter signal meadow station copper library window "
    "captain harvest ladder mirror market needle office pencil quarry ribbon saddle timber valley wagon winter "
    "builds carries measures paints repairs watches borrows counts gathers opens answers follows lifts returns sells "
    "bright careful distant early gentle heavy narrow patient quiet steep under beside beyond because although while",
    "ru": "берег вечер город дорога журнал завод книга лодка мастер народ облако письмо работа сад театр улица хлеб цена школа "
    "яблоко мост камень окно река зима весна стол музыка поезд голос пишет строит несёт читает ждёт видит берёт ставит "
    "новый старый тихий дальний быстрый синий между после около потому когда чтобы если",
    "fa": "کتاب خانه شهر رود کوه پنجره درخت نامه بازار دریا مدرسه باران آسمان کشتی نان چراغ راه پل سنگ باغ صدا روز شب سال "
    "می‌نویسد می‌سازد می‌خواند می‌بیند می‌رود آورد گفت گرفت داشت بزرگ کوچک آرام تازه دور نزدیک روشن میان کنار زیرا هنگامی",
    "fr": "rivière maison lettre jardin fenêtre marché chemin pierre soir école pain musique bateau colline verre papier atelier "
    "montre lampe voisin automne village tableau écrit construit porte regarde attend ouvre compte répare grand lent "
    "calme lointain étroit léger ancien entre après devant parce lorsque tandis",
}
_LANGUAGES = tuple(_VOCABULARY)
_FORMATS = tuple(FeedFormat)
_VALIDATIONS = (Validation.STRONG, Validation.WEAK, Validation.NONE)
_MARKER_ODDS = 1 / 12
_KEPT = 64


def synthetic_profile(number: int) -> Profile:
    """The outlet of that number, from 0. Formats, languages, validators and window sizes take turns at different lengths."""
    return Profile(
        slug=f"synthetic-{number:05}",
        name=f"Synthetic {number}",
        group=f"group-{number % 5}",
        language=_LANGUAGES[number // len(_FORMATS) % len(_LANGUAGES)],
        country="XS",
        timezone="UTC",
        format=_FORMATS[number % len(_FORMATS)],
        feed_path="/feed",
        article_path="/e/{slug}",
        template="plain",
        validation=_VALIDATIONS[number % len(_VALIDATIONS)],
        window=30 + number % 11,
    )


class SyntheticShelf:
    """``entries`` stories of one outlet, the first at ``first``, then one every ``spacing``."""

    def __init__(self, number: int, entries: int, first: datetime, spacing: timedelta, seed: int) -> None:
        self._number, self._entries, self._first, self._spacing, self._seed = number, entries, first, spacing, seed
        self._language = synthetic_profile(number).language
        self.story = lru_cache(_KEPT)(self._make)

    def published(self, now: datetime) -> int:
        """How many stories are out at this instant."""
        return max(0, min(self._entries, (now - self._first) // self._spacing + 1))

    def path(self, index: int) -> str:
        """The place of a story, counted from the oldest (0)."""
        return f"/e/{index}"

    def find(self, path: str, now: datetime) -> Story | None:
        """The published story at a path."""
        index = path.removeprefix("/e/")
        if index == path or not index.isdecimal() or path != self.path(int(index)) or int(index) >= self.published(now):
            return None
        return self.story(int(index))

    def add(self, story: Story) -> None:
        """Refuse: raises ValueError."""
        raise ValueError(f"a synthetic outlet makes its own stories; it cannot take {story.title!r}")

    def _make(self, index: int) -> Story:
        rng = random.Random(f"{self._seed}|{self._number}|{index}")
        words = _VOCABULARY[self._language].split()
        paragraphs = [self._paragraph(rng, words) for _ in range(rng.randint(3, 6))]
        for marker in MARKER_WORDS:
            if rng.random() < _MARKER_ODDS:
                place = rng.randrange(len(paragraphs))
                paragraphs[place] = f"{marker} {paragraphs[place]}"
        title = " ".join(rng.choices(words, k=rng.randint(5, 9))).capitalize()
        name = f"no{self._seed}x{self._number}x{index}"
        return Story(
            at=self._first + self._spacing * index,
            path=self.path(index),
            title=f"{title} {name}",
            paragraphs=(*paragraphs, f"{name}."),
            authors=(rng.choice(words).capitalize(),),
            tags=(rng.choice(words),),
        )

    def _paragraph(self, rng: random.Random, words: list[str]) -> str:
        sentences = (" ".join(rng.choices(words, k=rng.randint(7, 16))).capitalize() for _ in range(rng.randint(2, 4)))
        return ". ".join(sentences) + "."
