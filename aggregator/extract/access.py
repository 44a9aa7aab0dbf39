"""Whether a page showed its article: whole, its beginning before a paywall, or a consent page in its place."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import urlsplit

from aggregator.extract.blocks import Block, weight
from aggregator.extract.document import Page, words
from aggregator.model.article import Access

_LONG, _BEGINNING = 4000, 2500
_CALL = 320
_CONSENT_WORDS = (
    "cookies? consent consents privacy gdpr partners? vendors? personal data accept reject "
    "cookie-?richtlinie datenschutz einwilligung "
    "zustimmen akzeptieren ablehnen partnern? consentement accepter refuser confidentialité partenaires "
    "consentimiento aceptar rechazar "
    "privacidad socios consenso accetta rifiuta toestemming accepteren weigeren zgoda zgodę akceptuję "
    "partnerzy prywatności samtycke "
    "godkänn samtykke aceitar rejeitar çerez çerezler kabul gizlilik согласие куки файлов "
    "конфиденциальности συγκατάθεση απόρρητο"
)
_CONSENT = re.compile(rf"(?:{'|'.join(_CONSENT_WORDS.split())})")
_CONSENT_HEAD = re.compile(
    r"^(?:before you continue|we (?:value|care about|respect) your privacy|your privacy(?: choices)?|"
    r"(?:cookie|privacy) (?:consent|settings|preferences)|"
    r"bevor sie (?:fortfahren|weitermachen)|datenschutzeinstellungen|ihre privatsphäre|avant (?:d.accéder|de continuer)|"
    r"(?:nous respectons )?votre vie privée|antes de continuar|valoramos (?:tu|su) privacidad|prima di continuare|"
    r"voordat je (?:verdergaat|doorgaat)|szanujemy (?:twoją|państwa) prywatność|ihre zustimmung)",
    re.IGNORECASE,
)
_PAY_CALL = re.compile(
    r"(?:subscribe|sign (?:in|up)|log ?in|register|join)\b"
    r"(?:.{0,40}\bto (?:continue|keep reading|finish|unlock)| (?:now |today |here )?to read|"
    r".{0,40}\bfor (?:full|unlimited) access)\b|"
    r"to (?:continue|keep) reading|(?:read|unlock|view) the (?:full|rest of (?:the|this)) (?:article|story)|"
    r"(?:for|to) subscribers(?: only)?\b|subscribers?[- ]only|already a (?:subscriber|member)|"
    r"you have reached your .{0,20}limit|"
    r"this (?:article|story|content) is (?:only |exclusively )?(?:for|reserved|available)|"
    r"(?:nur|exklusiv) für abonnent|weiterlesen mit|jetzt weiterlesen|(?:sie|du) (?:sind|haben|bist|"
    r"hast) bereits (?:abonnent|ein abo)|"
    r"dieser (?:artikel|inhalt|beitrag) ist (?:nur|exklusiv|kostenpflichtig)|lesen sie (?:den|"
    r"diesen) (?:ganzen |vollständigen )?artikel|"
    r"(?:réservée?s? aux|pour les) abonnés|il vous reste .{1,20} à (?:lire|découvrir)|(?:lire|accéder à) la suite|déjà abonné|"
    r"(?:contenido )?(?:exclusivo|sólo|solo) para suscriptores|suscr[ií]b\w+ para (?:seguir|continuar)|ya eres suscriptor|"
    r"(?:riservat[oa]|solo) (?:agli|per gli) abbonati|abbonati per (?:continuare|leggere)|(?:exclusivo|só) para assinantes|"
    r"alleen voor abonnees|lees verder met|(?:för|for) (?:dig som är )?prenumerant|logga in för att läsa|"
    r"(?:kun )?for abonnenter|"
    r"dla (?:subskrybentów|prenumeratorów)|(?:aby|żeby) czytać dalej|kup dostęp|только (?:для|по) подпис|"
    r"чтобы (?:читать|продолжить)|"
    r"абонентам|μόνο για συνδρομητές|sadece abone|aboneler(?:e özel|imiz)|(?:ویژه|مخصوص) مشترک|للمشتركين فقط|למנויים בלבד|"
    r"(?:訂閱|订阅|登入|登录|會員|会员).{0,12}(?:閱讀|阅读|解鎖|解锁|看全文|全文)|付費會員|有料(?:会員|記事)|会員限定|"
    r"残り\d+(?:文字|字)|"
    r"유료\s?(?:회원|기사)|구독자 전용|로그인 후 (?:이용|이어)",
    re.IGNORECASE,
)
_WALL = re.compile(r"paywall|pay-?wall|regwall|piano|premium|subscri|locked|abo-?(?:box|only|pflicht)|meter", re.IGNORECASE)


def is_consent_page(page: Page, url: str, text: str) -> bool:
    """Whether a page asks for consent instead of showing an article: by its host, or its heading, and by what it speaks of.

    An article on cookies is longer, or has JSON-LD of its own, or speaks of other things, too.
    """
    if page.articles and any(node.get("datePublished") or node.get("headline") for node in page.articles):
        return False
    tokens = words(text)
    hits = sum(1 for token in tokens if _CONSENT.fullmatch(token))
    said = len({token for token in tokens if _CONSENT.fullmatch(token)})
    if hits * 60 < len(tokens) or said < 2:
        return False
    try:
        parts = urlsplit(url)
        host, path = (parts.hostname or ""), parts.path
    except ValueError:
        host = path = ""
    heads = [element.text_content().strip() for element in page.tree.iter("h1", "h2", "title")][:4]
    asked = host.startswith(("consent.", "cmp.", "privacy-gate.")) or "/consent" in path
    asked = asked or any(_CONSENT_HEAD.match(head) for head in heads)
    return asked or (weight(text) < _LONG and hits * 20 >= len(tokens) and said >= 4)


def find_access(page: Page, blocks: Sequence[Block], text: str) -> Access:
    """Whether ``text``, made of some of ``blocks``, is an article's beginning before a paywall.

    Said by a call to subscribe, in a box named so or near the text's end, or by JSON-LD (``isAccessibleForFree`` false) unless
    the part that it says must be paid for is there. A text of great length is whole, whatever the page asks for beside it.
    """
    if weight(text) >= _LONG:
        return Access.OPEN
    last = max((place for place, block in enumerate(blocks) if block.prose and block.text in text), default=-1)
    for place, block in enumerate(blocks):
        near = last <= place <= last + 8 and not any(element.tag in ("footer", "nav") for element, _ in block.marks)
        if len(block.text) <= _CALL and (near or block.marks) and _PAY_CALL.search(block.text) and (near or _in_wall(block)):
            return Access.PAYWALL
    paid = weight(text) < _BEGINNING and _is_paid(page, blocks, text)
    return Access.PAYWALL if paid else Access.OPEN


def _in_wall(block: Block) -> bool:
    return any(_WALL.search(f"{element.get('class') or ''} {element.get('id') or ''}") for element, _ in block.marks)


def _is_paid(page: Page, blocks: Sequence[Block], text: str) -> bool:
    """Whether JSON-LD says that the article must be paid for, and what must be paid for is not there."""
    for node in page.articles[:2]:
        parts = list(_parts(node.get("hasPart")))
        if not (_is_no(node.get("isAccessibleForFree")) or any(_is_no(part.get("isAccessibleForFree")) for part in parts)):
            continue
        names = {name for part in parts for name in re.findall(r"[.#]([\w-]+)", str(part.get("cssSelector") or ""))}
        shown = sum(block.prose for block in blocks if block.text in text and names & _names_around(block))
        if not names or shown * 4 < weight(text):
            return True
    return False


def _parts(value: Any) -> Iterable[dict[str, Any]]:
    return (item for item in (value if isinstance(value, list) else [value]) if isinstance(item, dict))


def _is_no(value: Any) -> bool:
    return value is False or (isinstance(value, str) and value.rsplit("/", 1)[-1].strip().lower() in ("false", "no"))


def _names_around(block: Block) -> set[str]:
    names: set[str] = set()
    for node in (block.home, *block.home.iterancestors()):
        names.update((node.get("class") or "").split())
        names.add(node.get("id") or "")
    return names
