"""The pages behind the links of alerts: acknowledging one, keeping its stories quiet; in the words of each language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aggregator.letter.pages import Ask


@dataclass(frozen=True, slots=True)
class AnswerWords:
    """The words of one language. ``{until}`` of a snooze is a day and a time."""

    acknowledge: Ask
    snooze: Ask


ANSWERS: Mapping[str, AnswerWords] = {
    "en": AnswerWords(
        Ask("Acknowledge", "Have you seen to “{what}”? Then nobody else is alerted.", "I have seen to it", "Thank you: noted."),
        Ask(
            "Keep quiet", "No more alerts on the stories of “{what}” for a day? The digest tells of them all the same.",
            "Quiet for a day", "Done: you are not alerted to them until {until}.",
        ),
    ),
    "fr": AnswerWords(
        Ask(
            "Confirmer la lecture", "Vous occupez-vous de « {what} » ? Personne d’autre ne sera alerté.", "Je m’en occupe",
            "Merci : c’est noté.",
        ),
        Ask(
            "Mettre en sourdine", "Plus d’alertes sur les sujets de « {what} » pendant un jour ? Le résumé en parlera.",
            "Un jour de silence", "C’est fait : pas d’alerte à leur sujet jusqu’au {until}.",
        ),
    ),
    "de": AnswerWords(
        Ask(
            "Bestätigen", "Kümmern Sie sich um „{what}“? Dann wird niemand sonst alarmiert.", "Ich kümmere mich darum",
            "Danke: ist vermerkt.",
        ),
        Ask(
            "Stummschalten", "Einen Tag lang keine Meldungen zu den Themen von „{what}“? In der Übersicht stehen sie trotzdem.",
            "Einen Tag Ruhe", "Erledigt: dazu kommt bis {until} keine Meldung.",
        ),
    ),
    "fa": AnswerWords(
        Ask(
            "تأیید دریافت", "آیا به «{what}» رسیدگی می‌کنید؟ آنگاه به کس دیگری هشدار داده نمی‌شود.", "رسیدگی می‌کنم",
            "سپاس: ثبت شد.",
        ),
        Ask(
            "بی‌صدا", "یک روز دربارهٔ خبرهای «{what}» هشداری نیاید؟ در خلاصهٔ روزانه همچنان می‌آیند.", "یک روز سکوت",
            "انجام شد: تا {until} دربارهٔ آن‌ها هشداری نمی‌آید.",
        ),
    ),
}  # fmt: skip
"""By language; ``answer_words`` falls back to English."""


def answer_words(language: str) -> AnswerWords:
    """The words for a reader's language (BCP 47)."""
    return ANSWERS.get(language.partition("-")[0].lower(), ANSWERS["en"])
