"""Where the store is: a file of SQLite, or a database of PostgreSQL. Each refusal says how to mend the value."""

from __future__ import annotations

import re
from importlib.util import find_spec
from urllib.parse import parse_qs, urlsplit

from aggregator.config.values import refuse

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def store_url(value: str) -> str:
    """``sqlite:///path`` or ``postgresql+psycopg://…``. Nothing of a refused URL is shown: it may hold a password."""
    if re.match(r"postgres(ql)?\b", value):
        return _postgresql(value)
    if not value.startswith("sqlite:///"):
        raise refuse("is not a store that this version knows", 'write url = "sqlite:///var/aggregator.db"')
    path = value.removeprefix("sqlite:///")
    if not path or path == ":memory:":
        raise refuse("a store in memory forgets everything", 'name a file: url = "sqlite:///var/aggregator.db"')
    if "?" in path or _CONTROL.search(path):
        raise refuse("the path must not contain question marks or control characters", "options in the URL are not supported")
    return value


def store_url_in_a_file(value: str) -> str:
    """As ``store_url``, without a password."""
    url = store_url(value)
    parts = urlsplit(url)
    if parts.password is not None or "password" in parse_qs(parts.query, keep_blank_values=True):
        raise refuse(
            "a password does not belong in a file that is copied and shown around",
            "leave it to ~/.pgpass or PGPASSWORD, or give the whole URL in AGGREGATOR_STORE_URL",
        )
    return url


def _postgresql(value: str) -> str:
    hint = 'write url = "postgresql+psycopg://user@host/database"'
    kind, _, rest = value.partition("://")
    if kind not in ("postgres", "postgresql", "postgresql+psycopg"):
        raise refuse("is no URL of a PostgreSQL database that this version can reach", hint)
    try:
        parts = urlsplit(f"postgresql://{rest}")
        known = bool(parts.path.strip("/")) and (parts.port is None or parts.port > 0)
    except ValueError:  # of a port that is no number, or brackets that hold no address
        known = False
    if not known or _CONTROL.search(value) or "#" in rest:
        raise refuse("must name a database on a server", hint)
    if find_spec("psycopg") is None:
        raise refuse("PostgreSQL needs psycopg, which is not installed", "pip install 'aggregator[postgresql]'")
    return f"postgresql+psycopg://{rest}"
