"""The instance's secret."""

from __future__ import annotations

from datetime import datetime, timedelta

from aggregator.store import Store, instance


def test_the_secret_is_made_at_its_first_use_and_never_again(store: Store, now: datetime) -> None:
    assert store.read_now(instance.known_secret) is None
    made = store.write_now(instance.secret, now)
    assert len(made) == 32
    assert store.write_now(instance.secret, now + timedelta(days=1)) == made
    assert store.read_now(instance.known_secret) == made
