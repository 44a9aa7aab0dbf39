"""URLs of stores: what is taken, and how the rest is refused, without a word of a password."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pydantic_core import PydanticCustomError

from aggregator.config import stores
from aggregator.config.stores import store_url, store_url_in_a_file


def refusal(read: Callable[[str], object], url: str) -> str:
    with pytest.raises(PydanticCustomError) as caught:
        read(url)
    context = caught.value.context or {}
    said = f"{context['message']} {context['hint']}"
    assert "secret" not in said
    return said


@pytest.mark.parametrize("kind", ["postgres", "postgresql", "postgresql+psycopg"])
@pytest.mark.parametrize("rest", ["db.example/news", "u@db.example:5433/news", "u@/news?host=/run/postgresql", "u@[::1]/news"])
def test_a_database_of_postgresql_by_any_of_its_names(kind: str, rest: str) -> None:
    pytest.importorskip("psycopg")
    assert store_url_in_a_file(f"{kind}://{rest}") == f"postgresql+psycopg://{rest}"


@pytest.mark.parametrize("url", ["postgresql://u:secret@h/db", "postgresql://u:@h/db", "postgres://h/db?user=u&password=secret"])
def test_a_password_is_for_the_environment_and_not_for_a_file(url: str) -> None:
    pytest.importorskip("psycopg")
    assert store_url(url) == "postgresql+psycopg://" + url.partition("://")[2]
    assert "PGPASSWORD" in refusal(store_url_in_a_file, url)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql", "postgresql:", "postgresql://", "postgresql://h", "postgresql://u:secret@h/", "postgresql://h:port/db",
        "postgresql://h:0/db", "postgresql://[h/db", "postgresql://h/d\nb", "postgresql+asyncpg://u:secret@h/db",
        "postgresql+psycopg2://h/db", "postgresql://h/db#x",
    ],
)  # fmt: skip
def test_what_names_no_database_is_refused_with_an_example(url: str) -> None:
    assert 'write url = "postgresql+psycopg://user@host/database"' in refusal(store_url, url)


def test_without_psycopg_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stores, "find_spec", lambda _name: None)
    said = refusal(store_url, "postgresql://u:secret@h/db")
    assert said == "PostgreSQL needs psycopg, which is not installed pip install 'aggregator[postgresql]'"


@pytest.mark.parametrize(
    "url", ["", "sqlite://", "sqlite:///", "sqlite:///:memory:", "sqlite:///a?mode=ro", "mysql://u:secret@h", "var/a.db"]
)
def test_other_stores_are_refused(url: str) -> None:
    refusal(store_url, url)
