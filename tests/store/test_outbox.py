"""The outbox: whose turn it is, who holds what, and what is said of a holder who is gone."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import update
from sqlmodel import Session, col, select

from aggregator.errors import Conflict, NotFound
from aggregator.model.delivery import Attempt, AttemptOutcome, Delivery, DeliveryKind, DeliveryState
from aggregator.store import Store, alerts, deliveries, edits, maintenance, outbox, sources
from aggregator.store.outbox import NewDelivery
from aggregator.store.tables import DeliveryRow, RecipientRow

LEASE = timedelta(minutes=5)
TAKEN = Attempt(AttemptOutcome.ACCEPTED, 250, "ok", "mx.example.org")
LATER = Attempt(AttemptOutcome.DEFERRED, 451, "later", "mx.example.org")
BROKEN = Attempt(AttemptOutcome.BROKEN, 535, "wrong password", "mx.example.org")

Put = Callable[..., int]


@pytest.fixture
def put(applied: Store, now: datetime) -> Put:
    def make(key: str, address: str = "ana@example.org", kind: DeliveryKind = DeliveryKind.ALERT) -> int:
        mail = NewDelivery(key, kind, 1, address, f"Subject {key}", f"<{key}@x>", b"Subject: S\r\n\r\n")
        made = applied.write_now(outbox.enqueue, mail, now)
        assert made is not None
        return made

    return make


def take(store: Store, at: datetime, most: int = 9) -> Delivery:
    found = store.write_now(outbox.claim, at, LEASE, most)
    assert found is not None
    return found


def line(store: Store, id_: int) -> tuple[str, int]:
    found = store.read_now(deliveries.record, id_).line
    return found.state, found.attempts


def tries(store: Store, id_: int) -> list[str]:
    return [each.outcome for each in store.read_now(deliveries.record, id_).attempts]


def test_what_is_urgent_goes_before_a_thousand_digests(applied: Store, put: Put, now: datetime) -> None:
    first = [put(f"digest:{number}", kind=DeliveryKind.DIGEST) for number in range(3)]
    alert = put("alert:1")
    assert [take(applied, now).id for _ in range(4)] == [alert, *first]


def test_a_slow_domain_leaves_room_for_the_others(applied: Store, put: Put, now: datetime) -> None:
    slow = [put(f"a{number}", "ana@Slow.example") for number in range(4)]
    quick = put("b", "ben@quick.example")
    assert [take(applied, now, most=2).id for _ in range(3)] == [slow[0], slow[1], quick]
    assert applied.write_now(outbox.claim, now, LEASE, 2) is None
    later = now + LEASE + timedelta(seconds=1)
    assert take(applied, later, most=2).id == slow[0], "a lease that has run out holds nothing up"


def test_a_holder_who_is_gone_may_have_sent_it_and_that_is_said(applied: Store, put: Put, now: datetime) -> None:
    one, two = put("a"), put("b")
    take(applied, now)
    again = take(applied, now + LEASE + timedelta(seconds=1))
    assert again.id == one
    assert (line(applied, one), tries(applied, one)) == (("unknown", 0), ["unknown"])
    assert "may have it" in applied.read_now(deliveries.record, one).attempts[0].detail
    applied.write_now(outbox.settle, again, TAKEN, DeliveryState.SENT, now)
    assert (line(applied, one), tries(applied, one)) == (("sent", 1), ["unknown", "accepted"])
    # The one process that owns the store frees the leases of whoever was there before it.
    assert take(applied, now).id == two
    assert applied.write_now(sources.free_leases) == 1
    assert take(applied, now).id == two
    assert tries(applied, two) == ["unknown"]


def test_a_holder_who_comes_back_late_changes_nothing_but_the_news_that_it_was_taken(
    applied: Store, put: Put, now: datetime
) -> None:
    one, two = put("a"), put("b")
    late, later = take(applied, now), now + LEASE + timedelta(seconds=1)
    other = take(applied, later)
    assert late.id == other.id == one
    applied.write_now(outbox.settle, late, LATER, DeliveryState.DUE, later, later)
    assert take(applied, later).id == two, "the first is still the other's"
    applied.write_now(outbox.settle, late, TAKEN, DeliveryState.SENT, later)
    assert line(applied, one)[0] == "sent"
    applied.write_now(outbox.settle, other, LATER, DeliveryState.DUE, later, later)
    assert line(applied, one)[0] == "sent", "an acceptance is the truth, whoever heard it"
    assert tries(applied, one) == ["unknown", "deferred", "accepted", "deferred"]


def test_many_who_ask_at_once_never_get_the_same(applied: Store, put: Put, now: datetime) -> None:
    ids = {put(f"k{number}") for number in range(40)}
    got: list[int] = []
    begin = threading.Barrier(4)

    def work() -> None:
        with Store(applied.url) as store:
            begin.wait()
            while found := store.write_now(outbox.claim, now, LEASE, 99):
                got.append(found.id)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # On PostgreSQL one that meets only what others just take may leave: they go on.
    assert sorted(got) == sorted(ids)


def test_a_broken_relay_makes_everything_wait_and_that_can_be_read(applied: Store, put: Put, now: datetime) -> None:
    one, two = put("a"), put("b")
    assert applied.read_now(deliveries.pause) is None
    minute = timedelta(minutes=1)
    for number in range(3):
        at = now + number * minute
        claimed = take(applied, at)
        applied.write_now(outbox.settle, claimed, BROKEN, DeliveryState.DUE, at, at + minute, hold=at + minute)
    paused = applied.read_now(deliveries.pause)
    assert paused is not None
    assert (paused.since, paused.detail, paused.until, paused.waiting) == (now, "wrong password", now + 3 * minute, 2)
    assert (line(applied, one), line(applied, two)) == (("due", 0), ("due", 0)), "nobody's strike"
    claimed = take(applied, now + 3 * minute)
    applied.write_now(outbox.settle, claimed, LATER, DeliveryState.DUE, now + 3 * minute, now + 9 * minute)
    assert applied.read_now(deliveries.pause) is None


def test_dead_letters_are_listed_and_sent_again_while_they_are_kept(applied: Store, put: Put, now: datetime) -> None:
    one, two, three = put("a"), put("b"), put("c")
    for _ in (one, two):
        applied.write_now(outbox.settle, take(applied, now), LATER, DeliveryState.FAILED, now)
    assert applied.read_now(outbox.failed) == [one, two]
    assert [each.id for each in applied.read_now(deliveries.listing, 9, "failed")] == [two, one]
    assert [each.id for each in applied.read_now(deliveries.listing, 9)] == [three, two, one]
    assert "the same message" in applied.write_now(outbox.retry, one, now)
    assert line(applied, one) == ("due", 0)

    def age(session: Session) -> None:
        long_ago = now - timedelta(days=99)
        session.execute(update(DeliveryRow).where(col(DeliveryRow.id) == two).values(created_at=long_ago))

    applied.write_now(age)
    assert applied.write_now(maintenance.prune, now, now - timedelta(days=90))[1] == 1
    assert applied.read_now(deliveries.record, two).message == b""
    assert applied.read_now(deliveries.record, one).message, "what is to be sent is kept"
    with pytest.raises(NotFound, match="no longer kept"):
        applied.write_now(outbox.retry, two, now)
    with pytest.raises(NotFound, match="delivery list"):
        applied.read_now(deliveries.record, 4242)


def test_what_is_in_hand_is_not_sent_a_second_time(applied: Store, put: Put, now: datetime) -> None:
    one = put("a")
    claimed = take(applied, now)
    with pytest.raises(Conflict, match="being sent just now"):
        applied.write_now(outbox.retry, one, now + LEASE - timedelta(seconds=1))
    assert applied.write_now(outbox.claim, now, LEASE, 9) is None, "it is still its holder's"
    applied.write_now(outbox.settle, claimed, TAKEN, DeliveryState.SENT, now)
    assert line(applied, one) == ("sent", 1)


def test_a_message_that_came_back_is_not_sent_again_but_its_reader_gets_mail_again(
    applied: Store, put: Put, now: datetime
) -> None:
    one = put("a")
    applied.write_now(outbox.settle, take(applied, now), TAKEN, DeliveryState.SENT, now)
    with pytest.raises(NotFound, match="no unsent delivery"):
        applied.write_now(outbox.retry, one, now)
    (slug,) = applied.read_now(lambda session: session.exec(select(RecipientRow.slug).where(RecipientRow.id == 1)).all())
    applied.write_now(outbox.suppress, slug, "bounced: no such user")
    assert "is not sent again" in applied.write_now(outbox.retry, one, now)
    assert line(applied, one) == ("sent", 1)
    assert applied.read_now(lambda session: session.get_one(RecipientRow, 1).suppressed) == ""


def test_a_claim_reads_no_more_than_it_must(applied: Store, put: Put, now: datetime, plans_of: Callable[..., list[str]]) -> None:
    """What has been sent is passed over, and what waits is there in its order."""
    (plan,) = plans_of("FROM delivery", outbox.claim, now, LEASE)
    assert "ix_delivery_due" in plan
    assert "ORDER BY" not in plan
    assert "Sort Key" not in plan


def test_what_waits_for_a_reader_is_found_without_what_was_decided(
    applied: Store, plans_of: Callable[..., list[str]], now: datetime
) -> None:
    for plan in (*plans_of("FROM alert", alerts.pending, 1, now), *plans_of("FROM alert", alerts.due_readers, now)):
        assert "ix_alert_due" in plan
    (plan,) = plans_of("FROM edit", edits.due_edits)
    assert "ix_edit_pending" in plan
