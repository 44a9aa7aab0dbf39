"""What may stand in the files: text, slugs, addresses, durations, times, networks. Each refusal says how to mend the value.

Every function takes a value as TOML gave it and returns the typed one, or raises ``PydanticCustomError`` with the context keys
``message`` and ``hint``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from datetime import UTC, date, datetime, time, timedelta
from difflib import get_close_matches
from functools import cache
from ipaddress import ip_interface, ip_network
from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from email_validator import EmailNotValidError, validate_email
from pydantic import ValidationInfo
from pydantic_core import PydanticCustomError

MAX_URL = 2048
MAX_LINE = 2048
"""Of a line of text: a source without a name of its own may be called by its URL."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_QUOTES = re.compile(r"[\"“”„«»]")
_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_DURATION = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,6})?)\s*([smhd])")
_UNITS = {"d": timedelta(days=1), "h": timedelta(hours=1), "m": timedelta(minutes=1), "s": timedelta(seconds=1)}
_CLOCK = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9]))?")
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_LONG_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_KINDS = {"bool": "boolean", "int": "integer", "float": "number", "str": "string", "list": "array", "dict": "table"}


def refuse(message: str, hint: str = "") -> PydanticCustomError:
    """The error that every function here raises. The loader adds file, key and line."""
    return PydanticCustomError("refused", "{message}", {"message": message, "hint": hint})


def kind(value: object) -> str:
    """What TOML calls a value of this type."""
    return _KINDS.get(type(value).__name__, "date or time")


def nearest(word: object, known: Iterable[str]) -> str:
    """The known word that was probably meant, or an empty string."""
    close = get_close_matches(str(word), sorted(known), n=1, cutoff=0.6)
    return close[0] if close else ""


def did_you_mean(word: object, known: Iterable[str], otherwise: str = "") -> str:
    """A hint that names the nearest known word; ``otherwise`` if none is near."""
    close = nearest(word, known)
    return f'did you mean "{close}"?' if close else otherwise


def which_of(word: object, nouns: str, known: Collection[str]) -> str:
    """A hint for a name that nobody bears: the nearest that somebody does, or all of them in their order."""
    return did_you_mean(word, known, f"the {nouns} are: {', '.join(known) or 'none yet'}")


def one_line(value: str) -> str:
    """Text that ends up in headers and on screens: no line breaks or other control characters, at most 2,048 characters."""
    if found := _CONTROL.search(value):
        raise refuse(f"must not contain control characters (here U+{ord(found[0]):04X})", "write it on one line, without escapes")
    if len(value) > MAX_LINE:
        raise refuse(f"must have at most {MAX_LINE} characters, has {len(value)}")
    return value


def slug(value: str) -> str:
    """A stable ASCII name of at most 64 characters."""
    if _SLUG.fullmatch(value) and len(value) <= 64:
        return value
    better = slugify(value)
    raise refuse(
        f'"{shorten(value)}" is not a slug: lower-case letters a-z, digits and single hyphens, at most 64 characters',
        f'write "{better}"' if better else 'write a name such as "radio-one"',
    )


def slugify(text: str) -> str:
    """The nearest slug to ``text``; empty if it has no ASCII letters or digits."""
    return "-".join(re.findall(r"[a-z0-9]+", text.lower()))[:64].strip("-")


def shorten(value: str) -> str:
    """At most 60 characters of a value, printable, for a message."""
    clean = _CONTROL.sub("\N{REPLACEMENT CHARACTER}", value)
    return clean if len(clean) <= 60 else f"{clean[:59]}…"


def web_url(value: str) -> str:
    """An absolute http(s) URL without credentials, blanks or control characters, of at most 2,048 characters."""
    if len(value) > MAX_URL:
        raise refuse(f"must have at most {MAX_URL} characters, has {len(value)}")
    if re.search(r"[\s\\]", value) or _CONTROL.search(value):
        raise refuse("must not contain blanks, backslashes or control characters", "write blanks as %20")
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError as error:
        raise refuse(f"is not a URL: {error}", "write it as https://host/path") from None
    if "@" in parts.netloc:
        raise refuse("must not contain a user name or password", "remove the part before the @")
    if parts.scheme not in {"http", "https"}:
        raise refuse(f'"{shorten(value)}" is not an http or https URL', _scheme_hint(value))
    if not parts.hostname or port == 0:
        raise refuse(
            f'"{shorten(value)}" names no host' if not parts.hostname else "port 0 does not exist",
            "write it as https://host/path",
        )
    return value


def _scheme_hint(value: str) -> str:
    if value.startswith("feed:"):
        return f"write https:{value.removeprefix('feed:').removeprefix('https:')}"
    return "only http:// and https:// are fetched" if ":" in value else f"write https://{shorten(value)}"


def web_url_or_none(value: str) -> str | None:
    """Like ``web_url``; an empty string stands for "none"."""
    return web_url(value) if value else None


def web_url_or_empty(value: str) -> str:
    """Like ``web_url``; an empty string stays one."""
    return web_url(value) if value else ""


def mail_address(value: str) -> str:
    """One address (RFC 5321), its domain in ASCII (IDNA 2008). No look-up in the DNS is made."""
    try:
        found = validate_email(value, check_deliverability=False, globally_deliverable=False, allow_smtputf8=False)
    except EmailNotValidError as error:
        raise refuse(f'"{shorten(value)}" is not an e-mail address: {error}', _address_hint(value)) from None
    if "." not in found.ascii_domain:
        raise refuse(f'"{shorten(value)}" is not an e-mail address: its domain has no dot', "write it as name@example.org")
    return str(found.ascii_email)


def mail_address_or_empty(value: str) -> str:
    """Like ``mail_address``; an empty string stays one."""
    return mail_address(value) if value else ""


def selector(value: str) -> str:
    """A DKIM selector (RFC 6376 §3.1): labels of a domain name, or empty."""
    if value and not re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*", value):
        raise refuse(f'"{shorten(value)}" is not a DKIM selector', 'letters, digits and hyphens: dkim_selector = "monitor"')
    return value


def mailbox(value: str) -> str:
    """Where bounces are read: a path of a Maildir or mbox, or ``imaps://name@host[:port][/folder]``; empty: nowhere."""
    if "://" not in value:
        if _CONTROL.search(value):
            raise refuse("must not contain control characters")
        return value
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError as error:
        raise refuse(f"is not a URL: {error}", _MAILBOX) from None
    if parts.scheme != "imaps":
        raise refuse(f"{parts.scheme} is not a way to read a mailbox", f"only over TLS, or from a path: {_MAILBOX}")
    if parts.password is not None:
        raise refuse("must not contain a password", "write bounce_password_env or bounce_password_file")
    if not parts.hostname or not parts.username or port == 0 or parts.query or parts.fragment:
        raise refuse("must name an account and a host, and nothing else but a folder", _MAILBOX)
    return value


_MAILBOX = "imaps://name@mail.example.org/INBOX"


def _address_hint(value: str) -> str:
    if re.search(r"[,;]|\s\S+@", value) and value.count("@") > 1:
        return "one address only; write one [[recipient]] for each reader"
    if "<" in value:
        return "the address alone, without name and brackets; the name goes into `name`"
    return "write it as name@example.org"


def time_zone(value: str) -> str:
    """An IANA time zone that this machine knows."""
    if value in _zones():
        return value
    better = _nearest_zone(value.strip().replace(" ", "_").casefold())
    hint = f'did you mean "{better}"?' if better else 'write an IANA name such as "Europe/Berlin", "Asia/Tehran" or "UTC"'
    raise refuse(f'"{shorten(value)}" is not a time zone', hint)


def _nearest_zone(wanted: str) -> str:
    """By whole name, then by city."""
    by_name = {zone.casefold(): zone for zone in _zones()}
    by_city = {zone.casefold().rpartition("/")[2]: zone for zone in sorted(_zones(), reverse=True)}
    return by_name.get(nearest(wanted, by_name), "") or by_city.get(nearest(wanted, by_city), "")


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def language(value: str) -> str | None:
    """An ISO 639 code of two or three letters; an empty string stands for "not known"."""
    if value and not re.fullmatch(r"[a-z]{2,3}", value):
        raise refuse(f'"{shorten(value)}" is not a language code', 'two lower-case letters (ISO 639-1), such as "en" or "fa"')
    return value or None


def country(value: str) -> str:
    """An ISO 3166 code of two capitals, or empty."""
    if value and not re.fullmatch(r"[A-Z]{2}", value):
        raise refuse(f'"{shorten(value)}" is not a country code', 'two capitals (ISO 3166), such as "FR" or "IR"')
    return value


def domain(value: str) -> str:
    """A domain name of at least two labels, in lower-case ASCII."""
    name = value.lower().removeprefix("*.").strip(".")
    if not re.fullmatch(r"(?=.{4,253}$)[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})+", name):
        raise refuse(f'"{shorten(value)}" is not a domain', 'write it as "tumblr.com" (in its ASCII form, if it has another)')
    return name


def variable(value: str) -> str:
    """The name of an environment variable, or empty."""
    if value and not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", value):
        raise refuse(f'"{shorten(value)}" is not the name of an environment variable', 'such as "AGGREGATOR_FEED_LOGIN"')
    return value


def network(value: str) -> str:
    """A CIDR block or a single address, IPv4 or IPv6."""
    try:
        ip_network(value)
    except ValueError as error:
        try:
            hint = f'write "{ip_interface(value).network}"'
        except ValueError:
            hint = 'write it as "10.0.0.0/8" or "fd00::/8"'
        raise refuse(f'"{shorten(value)}" is not a network: {str(error).removeprefix(repr(value) + " ")}', hint) from None
    return value


def duration(value: object) -> timedelta:
    """A number and a unit: ``20s``, ``30m``, ``2h``, ``1d``."""
    if isinstance(value, str) and (match := _DURATION.fullmatch(value.strip())):
        return float(match[1]) * _UNITS[match[2]]
    what = (
        f'"{shorten(value)}" is not a duration' if isinstance(value, str) else f"must be a duration, not {_article(kind(value))}"
    )
    hint = (
        f'write "{value}s" for seconds or "{value}m" for minutes'
        if isinstance(value, int) and not isinstance(value, bool)
        else ""
    )
    raise refuse(what, hint or 'a number and a unit in quotes: "20s", "30m", "2h", "1d"')


def _article(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def spell(length: timedelta) -> str:
    """The shortest exact way to write a duration; ``duration`` reads it back."""
    for unit, size in _UNITS.items():
        if length >= size and not length % size:
            return f"{length // size}{unit}"
    return f"{length.total_seconds():.6f}".rstrip("0").rstrip(".") + "s"


def between(least: str, most: str) -> Callable[[object], timedelta]:
    """A reader of durations from ``least`` to ``most``."""
    low, high = duration(least), duration(most)

    def read(value: object) -> timedelta:
        found = duration(value)
        if not low <= found <= high:
            raise refuse(f'"{value}" is out of range', f"from {least} to {most}")
        return found

    return read


def seconds_between(least: str, most: str) -> Callable[[object], float]:
    """Like ``between``, in seconds."""
    read = between(least, most)
    return lambda value: read(value).total_seconds()


def waits(value: object) -> tuple[timedelta, ...]:
    """A list of at most twelve durations from 10 minutes to 90 days, the shortest first; it may be empty."""
    if not isinstance(value, list):
        raise refuse("must be a list of durations", 'write ["1h", "1d"]; for none, write []')
    read = between("10m", "90d")
    found = tuple(read(item) for item in value)
    if len(found) > 12 or any(late <= early for early, late in pairwise(found)):
        raise refuse("must be at most twelve durations, each longer than the one before", 'such as ["1h", "6h", "1d"]')
    return found


def poll_interval(value: object, info: ValidationInfo) -> timedelta | None:
    """How often a source is polled: from the floor (``context["floor"]``, if known) to 30 days; ``"auto"``: its own rhythm."""
    if value == "auto":
        return None
    found = duration(value)
    floor = (info.context or {}).get("floor")
    if isinstance(floor, timedelta) and found < floor:
        raise refuse(
            f'"{value}" is below the floor of {spell(floor)}', "poll less often, or lower [poll].floor in aggregator.toml"
        )
    if found > timedelta(days=30):
        raise refuse(f'"{value}" is out of range', "at most 30d")
    return found


def wall_time(value: object) -> time:
    """A local time of day: TOML's own (``07:00:00``), or a string (``"07:00"``)."""
    if isinstance(value, str) and (match := _CLOCK.fullmatch(value.strip())):
        return time(int(match[1]), int(match[2]), int(match[3] or 0))
    if isinstance(value, time):
        return value.replace(microsecond=0)
    what = (
        f'"{shorten(value)}" is not a time of day'
        if isinstance(value, str)
        else f"must be a time of day, not {_article(kind(value))}"
    )
    raise refuse(what, 'write it as 07:00:00, or in quotes as "07:00"')


def time_span(value: object) -> tuple[time, time] | None:
    """From one local time of day to another, over midnight if the first is later: ``"22:00-06:30"``; an empty text for none."""
    if value == "":
        return None
    start, dash, end = value.partition("-") if isinstance(value, str) else ("", "", "")
    if not (dash and _CLOCK.fullmatch(start.strip()) and _CLOCK.fullmatch(end.strip())):
        what = f'"{shorten(value)}"' if isinstance(value, str) else f"a value of type {kind(value)}"
        raise refuse(f"must be two times of day, not {what}", 'write it as "22:00-06:30"')
    found = wall_time(start), wall_time(end)
    if found[0] == found[1]:
        raise refuse("begins when it ends", 'write it as "22:00-06:30"; to be alerted never, write alerts = false')
    return found


def wall_times(value: object) -> tuple[time, ...]:
    """A list of at most 48 local times of day, each once; they come in order."""
    if not isinstance(value, list) or not value:
        raise refuse("must be a list of times of day", 'write ["07:00", "18:30"] or [07:00:00]')
    found = tuple(sorted(wall_time(item) for item in value))
    if len(found) > 48:
        raise refuse(f"must be at most 48 times, has {len(found)}", 'for every full hour write every = "hourly"')
    for early, late in pairwise(found):
        if early == late:
            raise refuse(f"{early:%H:%M:%S} stands there twice", "each time once")
    return found


def weekdays(value: object) -> tuple[int, ...]:
    """``"daily"``, ``"workdays"`` (Monday to Friday), or a list of day names, as ISO numbers in order without repeats."""
    if value == "daily":
        return (1, 2, 3, 4, 5, 6, 7)
    if value == "workdays":
        return (1, 2, 3, 4, 5)
    if not isinstance(value, list) or not value:
        raise refuse("must be a list of days", 'write ["mon", "thu"], "daily" or "workdays"; for none, write digest = false')
    return tuple(sorted({_weekday(day) for day in value}))


def _weekday(day: Any) -> int:
    for names in (_DAYS, _LONG_DAYS):
        if isinstance(day, str) and day.lower() in names:
            return names.index(day.lower()) + 1
    raise refuse(f'"{shorten(str(day))}" is not a day of the week', did_you_mean(day, _DAYS, f"the days are {', '.join(_DAYS)}"))


def instant(value: object) -> datetime:
    """A date (its first instant) or a date with a time, in UTC where it names no zone."""
    if isinstance(value, datetime):
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    raise refuse(f"must be a date, not a value of type {kind(value)}", "write 2026-03-05 or 2026-03-05T12:00:00Z, without quotes")


def example(value: object) -> object:
    """An example of a rule: a text is the body of an article of which nothing else is known."""
    if isinstance(value, dict):
        if not (value.get("text") or value.get("title")):
            raise refuse("has neither text nor title", 'write a text in quotes, or {title = "…", text = "…"}')
        return value
    if isinstance(value, str) and value.strip():
        return {"text": value}
    what = "an empty text" if isinstance(value, str) else f"a value of type {kind(value)}"
    raise refuse(f"must be a text or a table, not {what}", 'write a text in quotes, or {title = "…", text = "…"}')


def tables(name: str) -> Callable[[object], object]:
    """A reader of tables that repeat: ``[[name]]``."""

    def read(value: object) -> object:
        if isinstance(value, dict):
            raise refuse("must be a list of tables, not a table", f"write [[{name}]] with double brackets, once for each")
        return value

    return read


def unquoted(value: str) -> str:
    """A value that can stand in a query between quotation marks."""
    if found := _QUOTES.search(value):
        raise refuse(f"must not contain the quotation mark {found[0]}", "rename it in sources.toml")
    return value


def no_password(_: object) -> None:
    """Refuses whatever stands there, without showing it."""
    raise refuse(
        "a password does not belong in a file that is copied and shown around",
        'write password_env = "NAME" (an environment variable) or password_file = "path" (a file that only the service can read)',
    )
