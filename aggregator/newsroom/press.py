"""Renders feeds and pages. Pure: the same arguments give the same bytes."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import date, datetime
from email.utils import format_datetime
from functools import cache
from html import escape
from importlib.resources import files
from string import Template

from aggregator.newsroom.outlet import DateStyle, FeedFormat, Outlet, Profile
from aggregator.newsroom.story import Story

_PERSIAN_DIGITS = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")
_PERSIAN_MONTHS = ("فروردین", "اردیبهشت", "خرداد", "تیر", "مرداد", "شهریور", "مهر", "آبان", "آذر", "دی", "بهمن", "اسفند")
_FRENCH_MONTHS = (
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
)
_SUMMARY_LENGTH = 240
_FARVARDIN_1300 = date(1921, 3, 21).toordinal()
_LEAP_YEARS = (1, 5, 9, 13, 17, 22, 26, 30)  # of a cycle of 33
_LONG_MONTHS_DAYS = 6 * 31


@cache
def _template(name: str) -> Template:
    return Template(files(__package__).joinpath("templates", name).read_text("utf-8"))


def feed(profile: Profile, outlet: Outlet, stories: Sequence[Story]) -> bytes:
    """The feed with these stories, in this order (newest first)."""
    if profile.format is FeedFormat.JSON:
        return _json_feed(profile, outlet, stories)
    item = _template(f"{profile.format}.item.xml")
    rows = [_item_fields(profile, outlet, story) for story in stories]
    frame = {
        "name": escape(outlet.name),
        "language": profile.language,
        "site": escape(outlet.site_url),
        "feed": escape(outlet.feed_url),
        "updated": rows[0]["date"] if rows else "",
        "items": "".join(item.substitute(row) for row in rows),
        "urls": "".join(f'<rdf:li rdf:resource="{row["url"]}"/>' for row in rows),
    }
    return _template(f"{profile.format}.xml").substitute(frame).encode()


def url_of(outlet: Outlet, story: Story) -> str:
    """The address of a story's page."""
    return outlet.site_url.removesuffix("/") + story.path


def _item_fields(profile: Profile, outlet: Outlet, story: Story) -> dict[str, str]:
    content = "".join(f"<p>{escape(paragraph)}</p>" for paragraph in story.paragraphs)
    creators = {FeedFormat.ATOM: "<author><name>{}</name></author>"}.get(profile.format, "<dc:creator>{}</dc:creator>")
    subjects = {FeedFormat.ATOM: '<category term="{}"/>', FeedFormat.RSS: "<category>{}</category>"}
    subject = subjects.get(profile.format, "<dc:subject>{}</dc:subject>")
    full = '<content type="html">{}</content>' if profile.format is FeedFormat.ATOM else "<content:encoded>{}</content:encoded>"
    return {
        "title": escape(story.title),
        "url": escape(url_of(outlet, story)),
        "id": escape(_entry_id(profile, outlet, story)),
        "date": _feed_date(profile, story.at),
        "creators": "".join(creators.format(escape(author)) for author in story.authors),
        "subjects": "".join(subject.format(escape(tag)) for tag in story.tags),
        "summary": escape(f"<p>{escape(_summary(story))}</p>"),
        "content": full.format(escape(content)) if profile.full_text else "",
    }


def _entry_id(profile: Profile, outlet: Outlet, story: Story) -> str:
    """A tag URI (RFC 4151): stable, and no address."""
    return f"tag:{outlet.slug}.example,{profile.local(story.at):%Y-%m-%d}:{story.path}"


def _summary(story: Story) -> str:
    lead = story.paragraphs[0] if story.paragraphs else ""
    return lead if len(lead) <= _SUMMARY_LENGTH else lead[:_SUMMARY_LENGTH].rsplit(" ", 1)[0] + " …"


def _feed_date(profile: Profile, at: datetime) -> str:
    local = profile.local(at)
    if profile.dates is DateStyle.NAIVE:
        return local.replace(tzinfo=None).isoformat(timespec="seconds")
    if profile.format is FeedFormat.RSS:
        return format_datetime(at, usegmt=True) if profile.dates is DateStyle.GMT else format_datetime(local)
    return local.isoformat(timespec="seconds")


def _json_feed(profile: Profile, outlet: Outlet, stories: Sequence[Story]) -> bytes:
    """JSON Feed 1.1, https://www.jsonfeed.org/version/1.1/."""
    items = [
        {
            "id": _entry_id(profile, outlet, story),
            "url": url_of(outlet, story),
            "title": story.title,
            "summary": _summary(story),
            "content_html": "".join(f"<p>{escape(paragraph)}</p>" for paragraph in story.paragraphs),
            "date_published": _feed_date(profile, story.at),
            "authors": [{"name": author} for author in story.authors],
            "tags": list(story.tags),
            "language": profile.language,
        }
        for story in stories
    ]
    frame = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": outlet.name,
        "home_page_url": outlet.site_url,
        "feed_url": outlet.feed_url,
        "language": profile.language,
        "items": items,
    }
    return json.dumps(frame, ensure_ascii=False, indent=1).encode()


def page(profile: Profile, outlet: Outlet, story: Story, others: Sequence[Story], now: datetime) -> bytes:
    """The web page of a story. ``others`` are linked from its margin; some mastheads show the date of ``now``."""
    at = profile.local(story.at)
    text = [escape(_typeset(paragraph) if profile.template == "quay" else paragraph) for paragraph in story.paragraphs]
    fields = _frame(profile, outlet, others, now) | {
        "title": escape(_typeset(story.title) if profile.template == "quay" else story.title),
        "url": escape(url_of(outlet, story)),
        "paragraphs": "\n".join(f"<p>{paragraph}</p>" for paragraph in text),
        "lines": "<BR><BR>\n".join(text),
        "lead": escape(_summary(story)),
        "authors": escape(", ".join(story.authors)),
        "section": escape(story.tags[0] if story.tags else outlet.name),
        "iso": at.isoformat(timespec="seconds"),
        "utc": f"{story.at:%Y-%m-%dT%H:%M:%SZ}",
        "visible": _visible_date(profile.language, at),
        "dotted": f"{at:%d.%m.%Y %H:%M}",
        "jsonld": _news_article(profile, outlet, story),
    }
    return _template(f"{profile.template}.html").substitute(fields).encode()


def home(profile: Profile, outlet: Outlet, stories: Sequence[Story], now: datetime) -> bytes:
    """The front page: the stories' headlines, and a link to the feed."""
    return _template("home.html").substitute(_frame(profile, outlet, stories, now)).encode()


def _frame(profile: Profile, outlet: Outlet, stories: Sequence[Story], now: datetime) -> dict[str, str]:
    """What every page of an outlet shows."""
    today = profile.local(now)
    links = (f'<li><a href="{escape(url_of(outlet, story))}">{escape(story.title)}</a></li>' for story in stories)
    return {
        "name": escape(outlet.name),
        "language": profile.language,
        "direction": profile.direction,
        "site": escape(outlet.site_url),
        "feed": escape(outlet.feed_url),
        "media": profile.format.media_type,
        "today": f"{today:%A, %B} {today.day}, {today.year}",
        "year": str(today.year),
        "links": "\n".join(links),
    }


def _visible_date(language: str, at: datetime) -> str:
    match language:
        case "fa":
            year, month, day = jalali(at.date())
            return f"{day} {_PERSIAN_MONTHS[month - 1]} {year} - {at:%H:%M}".translate(_PERSIAN_DIGITS)
        case "fr":
            return f"{at.day} {_FRENCH_MONTHS[at.month - 1]} {at.year} à {at:%H h %M}"
        case _:
            return f"{at.day} {at:%B %Y, %H:%M}"


def jalali(day: date) -> tuple[int, int, int]:
    """Year, month and day of the Iranian calendar for days from 21 March 1921 on, by its 33-year cycle of leap years."""
    days, year = day.toordinal() - _FARVARDIN_1300, 1300
    while days >= (length := 366 if year % 33 in _LEAP_YEARS else 365):
        days -= length
        year += 1
    if days < _LONG_MONTHS_DAYS:
        return year, 1 + days // 31, 1 + days % 31
    return year, 7 + (days - _LONG_MONTHS_DAYS) // 30, 1 + (days - _LONG_MONTHS_DAYS) % 30


def _typeset(text: str) -> str:
    """As a careful web editor would: curly quotes, and no break after a number or a short title."""
    text = re.sub(r'(^|[\s(])"', r"\1“", text).replace('"', "”")
    text = re.sub(r"(^|[\s(])'", r"\1‘", text).replace("'", "’")
    return re.sub(r"\b(\d+|Mr|Ms|Port) (?=\w)", "\\1\u00a0", text)


def _news_article(profile: Profile, outlet: Outlet, story: Story) -> str:
    """The story as schema.org NewsArticle, safe inside a script element."""
    at = profile.local(story.at).isoformat(timespec="seconds")
    thing = {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "headline": story.title,
        "datePublished": at,
        "dateModified": at,
        "inLanguage": profile.language,
        "author": [{"@type": "Person", "name": author} for author in story.authors],
        "publisher": {"@type": "Organization", "name": outlet.name},
        "mainEntityOfPage": url_of(outlet, story),
        "keywords": list(story.tags),
    }
    return json.dumps(thing, ensure_ascii=False).replace("<", "\\u003c")
