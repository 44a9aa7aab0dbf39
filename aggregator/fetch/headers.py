"""What we say about ourselves in a request, and what we read out of a response's headers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TypeAlias

from aggregator import __version__
from aggregator.errors import ConfigError
from aggregator.fetch.failure import FetchError
from aggregator.model.page import Accept, FailureKind, FetchRequest, PostRequest, Validators

RawHeaders: TypeAlias = list[tuple[bytes, bytes]]
Headers: TypeAlias = tuple[tuple[str, str], ...]

NO_VALIDATORS = Validators()
LONGEST_WAIT = timedelta(days=7)

_ACCEPT = {
    Accept.FEED: (
        b"application/atom+xml, application/rss+xml, application/feed+json, application/rdf+xml, "
        b"application/xml;q=0.9, text/xml;q=0.9, application/json;q=0.8, text/html;q=0.5, */*;q=0.1"
    ),
    Accept.PAGE: b"text/html, application/xhtml+xml, application/xml;q=0.8, */*;q=0.1",
}
_TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110 §5.6.2
_OURS = frozenset(
    (b"host", b"user-agent", b"accept-encoding", b"content-type", b"content-length", b"transfer-encoding", b"connection", b"te")
)
_CHARSET = re.compile(r";\s*charset\s*=\s*[\"']?([^\s\"';,]+)", re.IGNORECASE)


class Introduction:
    """Builds request headers. ``contact_url`` stands in the ``User-Agent``, so that a publisher can reach the operator.

    Raises:
        ConfigError: ``contact_url`` cannot stand in a header.
    """

    def __init__(self, contact_url: str) -> None:
        if re.search(r"[^\x21-\x7e]|[()\\]", contact_url):
            raise ConfigError(
                "contact_url may hold only printable ASCII, without spaces, parentheses and backslashes",
                key="fetch.contact_url",
                hint="write it as https://news.example/bot",
            )
        self._contact = f"+{contact_url}" if contact_url else ""

    def headers(self, request: FetchRequest) -> RawHeaders:
        """The headers of a request except ``Host``. Validators go out byte for byte as they came (RFC 9110 §8.8)."""
        headers = [
            (b"User-Agent", self._agent(request).encode("ascii", "replace")),
            (b"Accept", _ACCEPT[request.accept]),
            (b"Accept-Encoding", b"gzip, deflate"),
        ]
        validators = request.validators
        if validators.etag is not None:
            headers.append((b"If-None-Match", validators.etag.encode("latin-1", "replace")))
        if validators.last_modified is not None:
            headers.append((b"If-Modified-Since", validators.last_modified.encode("latin-1", "replace")))
        if request.accept is Accept.FEED and has_validators(validators):
            headers.append((b"A-IM", b"feed"))  # RFC 3229: only the entries that are new to us
        return headers

    def post_headers(self, request: PostRequest) -> RawHeaders:
        """The headers of a POST except ``Host`` and ``Content-Length``.

        Raises:
            FetchError: of kind PROTOCOL, when the request's own are no headers, or would contradict ours.
        """
        try:
            own = [(name.encode("ascii"), value.encode("latin-1")) for name, value in request.headers]
            content_type = request.content_type.encode("latin-1")
        except UnicodeEncodeError as error:
            raise FetchError(FailureKind.PROTOCOL, "request cannot be expressed in HTTP") from error
        if not all(_TOKEN.fullmatch(name) and name.lower() not in _OURS for name, _ in own):
            raise FetchError(FailureKind.PROTOCOL, "request cannot be expressed in HTTP")
        return [
            (b"User-Agent", self._agent().encode("ascii")),
            (b"Accept", b"*/*"),
            (b"Accept-Encoding", b"gzip, deflate"),
            (b"Content-Type", content_type),
            *own,
        ]

    def _agent(self, request: FetchRequest | None = None) -> str:
        comment = [self._contact]
        if request is not None and request.accept is Accept.FEED:
            comment.append(f"{request.subscribers} subscribers")
            comment.append(f"feed-id={request.feed_id}" if request.feed_id else "")
        told = "; ".join(filter(None, comment))
        return f"aggregator/{__version__} ({told})" if told else f"aggregator/{__version__}"


def has_validators(validators: Validators) -> bool:
    """Whether a request with these is conditional."""
    return validators.etag is not None or validators.last_modified is not None


def decoded(raw: Iterable[tuple[bytes, bytes]]) -> Headers:
    """Names lower-cased; values as Latin-1, which gives every byte back unchanged when encoded again."""
    return tuple((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in raw)


def first(headers: Headers, name: str) -> str | None:
    """The first value of a header, by lower-case name."""
    return next((value for key, value in headers if key == name), None)


def validators_of(headers: Headers, old: Validators = NO_VALIDATORS) -> Validators:
    """The validators of a response; one that a 304 leaves out stays as it was (RFC 9111 §4.3.4)."""
    etag, last_modified = first(headers, "etag"), first(headers, "last-modified")
    return Validators(
        etag=old.etag if etag is None else etag,
        last_modified=old.last_modified if last_modified is None else last_modified,
    )


def content_encoding(headers: Headers) -> str:
    """All that is said about the encoding, joined as if it stood in one header."""
    return ",".join(value for name, value in headers if name == "content-encoding")


def content_type(headers: Headers) -> tuple[str, str | None]:
    """Media type (lower-case, without parameters, "" if none) and declared charset."""
    value = first(headers, "content-type") or ""
    charset = _CHARSET.search(value)
    return value.partition(";")[0].strip().lower(), charset.group(1) if charset else None


def retry_after(headers: Headers, now: datetime) -> datetime | None:
    """The instant before which the server wants no further request (RFC 9110 §10.2.3), at most seven days from ``now``.

    A date is taken relative to the response's own ``Date``, so that a wrong clock at either end does no harm.
    """
    value = (first(headers, "retry-after") or "").strip()
    if value.isascii() and value.isdigit():
        seconds = timedelta(seconds=int(value[:9]))  # more digits than that are beyond the limit anyway
        return now + min(seconds, LONGEST_WAIT) if seconds else None
    until = _http_date(value)
    if until is None:
        return None
    wait = until - (_http_date(first(headers, "date") or "") or now)
    return now + min(wait, LONGEST_WAIT) if wait > timedelta() else None


def _http_date(value: str) -> datetime | None:
    try:
        at = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at
