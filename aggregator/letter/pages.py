"""The small pages behind the links of our mails, and their words. A page offers one button, or says what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

from aggregator.letter.isolation import tidy
from aggregator.letter.languages import words_of
from aggregator.text import direction


@dataclass(frozen=True, slots=True)
class Ask:
    """What a page asks, its button, and what it says afterwards.

    ``{what}`` is what the link is about, ``{instance}`` who we are, ``{until}`` a date, of a snooze
    with the time.
    """

    title: str
    text: str
    button: str
    done: str


@dataclass(frozen=True, slots=True)
class PageWords:
    """The words of one language."""

    alerts: str
    unsubscribe: Ask
    pause: Ask
    confirm: Ask
    acknowledge: Ask
    snooze: Ask
    gone: str
    not_kept: str


PAGES: Mapping[str, PageWords] = {
    "en": PageWords(
        alerts="alerts",
        unsubscribe=Ask(
            "Unsubscribe", "Stop “{what}” from {instance}?", "Unsubscribe", "Done: “{what}” will not be sent to you any more."
        ),
        pause=Ask("Pause", "Pause “{what}” from {instance} for a week?", "Pause a week", "Done: “{what}” pauses until {until}."),
        confirm=Ask(
            "Confirm", "Do you want to get “{what}” from {instance} by mail?", "Yes, send it",
            "Thank you: “{what}” will be sent to you."
        ),
        acknowledge=Ask(
            "Acknowledge", "Have you seen to “{what}”? Then nobody else is alerted.", "I have seen to it", "Thank you: noted."
        ),
        snooze=Ask(
            "Keep quiet", "No more alerts on the stories of “{what}” for a day? The digest tells of them all the same.",
            "Quiet for a day", "Done: you are not alerted to them until {until}.",
        ),
        gone="This link does not lead anywhere, or not any more.",
        not_kept="This mail is no longer kept.",
    ),
    "fr": PageWords(
        alerts="alertes",
        unsubscribe=Ask(
            "Se désabonner", "Ne plus recevoir « {what} » de {instance} ?", "Se désabonner",
            "C’est fait : vous ne recevrez plus « {what} »."
        ),
        pause=Ask(
            "Pause", "Suspendre « {what} » de {instance} pendant une semaine ?", "Suspendre une semaine",
            "C’est fait : « {what} » est suspendu jusqu’au {until}.",
        ),
        confirm=Ask(
            "Confirmer", "Voulez-vous recevoir « {what} » de {instance} par courriel ?", "Oui, envoyez-le",
            "Merci : « {what} » vous sera envoyé.",
        ),
        acknowledge=Ask(
            "Confirmer la lecture", "Vous occupez-vous de « {what} » ? Personne d’autre ne sera alerté.", "Je m’en occupe",
            "Merci : c’est noté.",
        ),
        snooze=Ask(
            "Mettre en sourdine", "Plus d’alertes sur les sujets de « {what} » pendant un jour ? La revue de presse en parlera.",
            "Un jour de silence", "C’est fait : pas d’alerte à leur sujet jusqu’au {until}.",
        ),
        gone="Ce lien ne mène nulle part, ou n’est plus valable.",
        not_kept="Ce courriel n’est plus conservé.",
    ),
    "de": PageWords(
        alerts="Eilmeldungen",
        unsubscribe=Ask(
            "Abbestellen", "„{what}“ von {instance} nicht mehr erhalten?", "Abbestellen",
            "Erledigt: „{what}“ kommt nicht mehr zu Ihnen."
        ),
        pause=Ask(
            "Pausieren", "„{what}“ von {instance} eine Woche lang aussetzen?", "Eine Woche aussetzen",
            "Erledigt: „{what}“ ruht bis {until}.",
        ),
        confirm=Ask(
            "Bestätigen", "Möchten Sie „{what}“ von {instance} per E-Mail erhalten?", "Ja, bitte senden",
            "Danke: „{what}“ wird an Sie gesendet.",
        ),
        acknowledge=Ask(
            "Bestätigen", "Kümmern Sie sich um „{what}“? Dann wird niemand sonst alarmiert.", "Ich kümmere mich darum",
            "Danke: ist vermerkt.",
        ),
        snooze=Ask(
            "Stummschalten", "Einen Tag lang keine Meldungen zu den Themen von „{what}“? In der Presseschau stehen sie trotzdem.",
            "Einen Tag Ruhe", "Erledigt: dazu kommt bis {until} keine Meldung.",
        ),
        gone="Dieser Link führt nirgendwohin, oder nicht mehr.",
        not_kept="Diese E-Mail wird nicht mehr aufbewahrt.",
    ),
    "fa": PageWords(
        alerts="هشدارها",
        unsubscribe=Ask(
            "لغو اشتراک", "دیگر «{what}» را از {instance} دریافت نکنید؟", "لغو اشتراک",
            "انجام شد: «{what}» دیگر برای شما فرستاده نمی‌شود."
        ),
        pause=Ask(
            "توقف موقت", "«{what}» از {instance} یک هفته متوقف شود؟", "یک هفته توقف", "انجام شد: «{what}» تا {until} متوقف است."
        ),
        confirm=Ask(
            "تأیید", "آیا می‌خواهید «{what}» از {instance} با ایمیل برای شما فرستاده شود؟", "بله، بفرستید",
            "سپاس: «{what}» برای شما فرستاده خواهد شد.",
        ),
        acknowledge=Ask(
            "تأیید دریافت", "آیا به «{what}» رسیدگی می‌کنید؟ آنگاه به کس دیگری هشدار داده نمی‌شود.", "رسیدگی می‌کنم",
            "سپاس: ثبت شد.",
        ),
        snooze=Ask(
            "بی‌صدا", "یک روز دربارهٔ خبرهای «{what}» هشداری نیاید؟ در بولتن همچنان می‌آیند.", "یک روز سکوت",
            "انجام شد: تا {until} دربارهٔ آن‌ها هشداری نمی‌آید.",
        ),
        gone="این پیوند به جایی نمی‌رسد، یا دیگر معتبر نیست.",
        not_kept="این ایمیل دیگر نگه‌داری نمی‌شود.",
    ),
}  # fmt: skip
"""By language; ``page_words`` falls back to English."""


def page_words(language: str) -> PageWords:
    """The words for a reader's language (BCP 47)."""
    return PAGES.get(language.partition("-")[0].lower(), PAGES["en"])


def link_page(language: str, title: str, text: str, *, button: str = "") -> str:
    """A page with a sentence and, with ``button``, a form that posts to the page's own address. It needs no script.

    The form sends what RFC 8058 has mail programs send, so that there is one way to act, whoever does.
    """
    language = language if language.partition("-")[0].lower() in PAGES else words_of("en").language
    form = (
        '<form method="post"><input type="hidden" name="List-Unsubscribe" value="One-Click">'
        f"<button>{escape(button)}</button></form>"
    )
    return (
        f'<!doctype html>\n<html lang="{escape(language)}" dir="{direction(language)}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="robots" content="noindex,nofollow">'
        f"<title>{escape(tidy(title))}</title><style>{_STYLE}</style></head>"
        f"<body><main><h1>{escape(tidy(title))}</h1><p>{escape(tidy(text))}</p>{form if button else ''}</main></body></html>\n"
    )


_STYLE = (
    ":root{color-scheme:light dark}body{margin:0;font:18px/1.5 system-ui,sans-serif}"
    "main{max-width:32em;margin:12vh auto;padding:0 1em}h1{font-size:1.3em}button{font:inherit;padding:.6em 1.2em;cursor:pointer}"
)
