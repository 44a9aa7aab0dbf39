"""The one mail that asks whether a reader wants a subscription: until he says yes, there is no other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

from aggregator.letter.isolation import subject_line, tidy
from aggregator.model.delivery import Letter
from aggregator.text import direction


@dataclass(frozen=True, slots=True)
class _Words:
    subject: str
    asked: str
    rules: str
    want: str
    button: str
    until: str
    otherwise: str


_WORDS: Mapping[str, _Words] = {
    "en": _Words(
        "Please confirm: {what} from {instance}",
        "{instance} was asked to send “{what}” to this address.",
        "It follows: {rules}",
        "If you want it, open this page and press the button:",
        "Confirm",
        "The link holds for 7 days.",
        "If you do not want it, do nothing: you will get no other mail.",
    ),
    "fr": _Words(
        "Merci de confirmer : {what} de {instance}",
        "On a demandé à {instance} d’envoyer « {what} » à cette adresse.",
        "Sujets suivis : {rules}",
        "Si vous le souhaitez, ouvrez cette page et appuyez sur le bouton :",
        "Confirmer",
        "Le lien est valable 7 jours.",
        "Sinon, ne faites rien : vous ne recevrez pas d’autre courriel.",
    ),
    "de": _Words(
        "Bitte bestätigen: {what} von {instance}",
        "{instance} wurde gebeten, „{what}“ an diese Adresse zu senden.",
        "Es folgt: {rules}",
        "Wenn Sie das möchten, öffnen Sie diese Seite und drücken Sie den Knopf:",
        "Bestätigen",
        "Der Link gilt 7 Tage.",
        "Wenn nicht, tun Sie nichts: Sie erhalten keine weitere E-Mail.",
    ),
    "fa": _Words(
        "لطفاً تأیید کنید: {what} از {instance}",
        "از {instance} خواسته شده است «{what}» را به این نشانی بفرستد.",
        "موضوع‌ها: {rules}",
        "اگر آن را می‌خواهید، این صفحه را باز کنید و دکمه را بزنید:",
        "تأیید",
        "این پیوند ۷ روز اعتبار دارد.",
        "اگر نمی‌خواهید، کاری نکنید: ایمیل دیگری نخواهید گرفت.",
    ),
}


def render_confirmation(*, instance: str, what: str, rules: tuple[str, ...], language: str, link: str) -> Letter:
    """The mail, in the reader's language. ``rules`` are what the subscription follows, ``link`` the page where he says yes."""
    primary = language.partition("-")[0].lower()
    language = language if primary in _WORDS else "en"
    words = _WORDS.get(primary, _WORDS["en"])
    filled = {"instance": tidy(instance), "what": tidy(what), "rules": ", ".join(tidy(rule) for rule in rules)}
    before = [line.format(**filled) for line in (words.asked, words.rules, words.want)]
    after = [words.until, words.otherwise]
    text = "\n\n".join([*before, link, *after]) + "\n"
    button = (
        f'<p><a href="{escape(link)}" style="display:inline-block;padding:10px 20px;background:#1f5fa8;color:#ffffff;'
        f'border-radius:4px;text-decoration:none">{escape(words.button)}</a></p>'
    )
    html = (
        f'<!doctype html>\n<html lang="{escape(language)}" dir="{direction(language)}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="color-scheme" content="light dark">'
        f"<title>{escape(words.subject.format(**filled))}</title></head>"
        '<body style="font:16px/1.5 system-ui,sans-serif;max-width:36em;margin:0 auto;padding:16px">\n'
        + "\n".join(f"<p>{escape(line)}</p>" for line in before)
        + f"\n{button}\n"
        + "\n".join(f"<p>{escape(line)}</p>" for line in after)
        + "\n</body></html>\n"
    )
    return Letter(subject_line(words.subject.format(**filled)), text, html)
