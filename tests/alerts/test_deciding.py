"""What becomes of what waits: told, held or left to the digest; each match once, with one reason."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from aggregator.alerts import decide, next_hour, quiet_until
from aggregator.alerts.storms import is_storm, usual_in_window
from aggregator.model.alert import (
    AlertPlan,
    AlertState,
    Earlier,
    Limits,
    Past,
    Pending,
    RuleLimits,
    Snooze,
    Storm,
    Why,
)
from aggregator.model.delivery import Recipient
from aggregator.model.rule import Lane, Priority

NOW = datetime(2026, 3, 20, 14, 5, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
ANA = Recipient("ana", "ana@example.org", timezone="Europe/Paris")


def row(id_: int, story: int = 0, **values: object) -> Pending:
    plain = Pending(
        id_, id_ + 100, "fire", story or id_, (story or id_) * 10, f"outlet-{id_}", Lane.NOW, Priority.NORMAL,
        AlertState.WAITING, Why.NONE, NOW, NOW - MINUTE,
    )  # fmt: skip
    return replace(plain, **values)  # type: ignore[arg-type]


def told(story: int, outlet: str = "first", *, notice: int = 1, at: datetime = NOW - HOUR, **values: object) -> Earlier:
    return replace(Earlier("fire", story, story * 10, outlet, 7, notice, at), **values)  # type: ignore[arg-type]


def plan(*rows: Pending, who: Recipient = ANA, past: Past | None = None, now: datetime = NOW, **limits: object) -> AlertPlan:
    return decide(who, rows, past or Past(), replace(Limits(), **limits), now)  # type: ignore[arg-type]


def outcomes(found: AlertPlan) -> dict[int, Why]:
    """Why each row is not told in full."""
    rulings = (*found.rulings, *(over for mail in found.mails for over in mail.over))
    return {ruling.id: ruling.why for ruling in (*rulings, *(found.spike.rulings if found.spike else ()))}


def test_nothing_is_decided_before_its_time_and_then_all_that_is_new_goes_along() -> None:
    late = row(2, due_at=NOW + timedelta(seconds=10))
    assert plan(row(1, due_at=NOW + MINUTE), late) == AlertPlan()
    (mail,) = plan(row(1), late, row(3, lane=Lane.HOURLY, due_at=NOW + HOUR)).mails
    assert (mail.ids, mail.rule) == ((1, 2), "")


def test_copies_and_texts_of_one_story_are_one_alert_however_many_outlets_there_are() -> None:
    (mail,) = plan(*(row(id_, story=5) for id_ in range(1, 30))).mails
    assert len(mail.ids) == 29
    later = plan(row(40, story=5), past=Past(earlier=(told(5, "a"), told(5, "b"), told(5, "c"))))
    assert (later.mails, outcomes(later)) == ((), {40: Why.TOLD})


def test_growth_is_told_once_and_not_before_the_interval_has_passed() -> None:
    first = tuple(told(5, outlet, at=NOW - 5 * MINUTE) for outlet in "ab")
    copies = [row(id_, story=5) for id_ in range(1, 11)]
    early = plan(*copies, past=Past(earlier=first))
    assert {ruling.due_at for ruling in early.rulings} == {NOW + 10 * MINUTE}
    assert {ruling.state for ruling in early.rulings} == {AlertState.WAITING}
    waiting = [replace(copy, why=Why.TOLD, due_at=NOW + 10 * MINUTE) for copy in copies]
    (mail,) = plan(*waiting, past=Past(earlier=first), now=NOW + 10 * MINUTE).mails
    assert (mail.grown, len(mail.ids), len(mail.shown)) == ({5: 12}, 10, 11)
    again = (*first, *(told(5, f"outlet-{id_}", notice=2, at=NOW + 10 * MINUTE) for id_ in range(1, 11)))
    more = [row(id_, story=5) for id_ in range(20, 60)]
    assert set(outcomes(plan(*more, past=Past(earlier=again), now=NOW + HOUR)).values()) == {Why.TOLD}


@pytest.mark.parametrize(("copies", "growth", "mails"), [(4, 3, 0), (5, 3, 1), (5, 0, 0), (5, 7, 0), (6, 7, 1)])
def test_how_much_a_story_grows_to_be_told_again(copies: int, growth: int, mails: int) -> None:
    rows = [row(id_, story=5) for id_ in range(1, copies + 1)]
    assert len(plan(*rows, past=Past(earlier=(told(5),)), growth=growth).mails) == mails


def test_a_copy_of_what_was_there_before_is_no_news_and_another_text_of_its_story_is() -> None:
    before = Past(earlier=(told(5, notice=0, before=True),))
    found = plan(row(1, story=5), row(2, story=5, text=51), past=before)
    assert (outcomes(found), [mail.ids for mail in found.mails]) == ({1: Why.TOLD}, [(2,)])


def test_quiet_hours_hold_all_but_high_priority_and_what_piled_up_is_one_mail() -> None:
    who = replace(ANA, quiet=(time(14), time(16, 30)))  # Paris is an hour ahead: it is 15:05 there
    found = plan(row(1), row(2, priority=Priority.HIGH, rule="alarm"), row(3, due_at=NOW + MINUTE), who=who)
    assert [mail.ids for mail in found.mails] == [(2,)]
    (ruling,) = found.rulings
    end = datetime(2026, 3, 20, 15, 30, tzinfo=UTC)
    assert (ruling.state, ruling.why, ruling.due_at) == (AlertState.HELD, Why.QUIET, end)
    held = [row(id_, state=AlertState.HELD, why=Why.QUIET, due_at=end) for id_ in range(1, 6)]
    (mail,) = plan(*held, who=who, now=end).mails
    assert mail.ids == (1, 2, 3, 4, 5)


def test_the_cap_of_a_reader_holds_mails_until_there_is_room() -> None:
    who = replace(ANA, alerts_per_hour=2)
    past = Past(mails=(NOW - 50 * MINUTE, NOW - 20 * MINUTE, NOW - 70 * MINUTE))
    found = plan(row(1), row(2, rule="alarm", priority=Priority.HIGH), row(3, due_at=NOW + MINUTE), who=who, past=past)
    assert [mail.ids for mail in found.mails] == [(2,)]
    assert [(ruling.id, ruling.why, ruling.due_at) for ruling in found.rulings] == [(1, Why.CAP, NOW + 10 * MINUTE)]
    assert plan(row(1), who=who, past=past, now=NOW + 10 * MINUTE).mails[0].ids == (1,)


def test_the_cap_of_a_rule_counts_the_others_and_leaves_them_to_the_digest() -> None:
    rows = [row(id_) for id_ in range(1, 50)]
    (mail,) = plan(*rows, rules={"fire": RuleLimits(12)}).mails
    assert (len(mail.ids), mail.more, len(mail.over)) == (12, (("fire", 37),), 37)
    assert {over.why for over in mail.over} == {Why.CAP}
    full = Past(stories={"fire": (NOW - 40 * MINUTE,) * 12})
    found = plan(*rows, past=full, rules={"fire": RuleLimits(12)})
    assert not found.mails
    assert {(ruling.state, ruling.due_at) for ruling in found.rulings} == {(AlertState.HELD, NOW + 20 * MINUTE)}
    (mixed,) = plan(row(1), row(2, rule="other"), past=full, rules={"fire": RuleLimits(12)}).mails
    assert (mixed.ids, mixed.more) == ((2,), (("fire", 1),))
    assert len(plan(*rows, rules={"fire": RuleLimits(0)}).mails[0].ids) == 49


def test_what_no_digest_holds_is_never_counted_away() -> None:
    rows = [row(id_, in_digest=False) for id_ in range(1, 50)]
    found = plan(*rows, rules={"fire": RuleLimits(12)})
    assert (len(found.mails[0].ids), found.mails[0].more) == (12, ())
    held = {ruling.id: ruling for ruling in found.rulings}
    assert {(ruling.state, ruling.due_at) for ruling in held.values()} == {(AlertState.HELD, NOW + 55 * MINUTE)}
    rest = [replace(one, state=AlertState.HELD, why=Why.CAP) for one in rows if one.id in held]
    past = Past(stories={"fire": (NOW,) * 12}, mails=(NOW,))
    (mail,) = plan(*rest, past=past, now=NOW + 55 * MINUTE, rules={"fire": RuleLimits(12)}).mails
    assert len(mail.ids) == 37


def test_a_storm_is_one_mail_for_each_reader_and_the_digest_has_the_rest() -> None:
    rows = [row(id_) for id_ in range(1, 501)]
    found = plan(*rows, storms=(Storm(3, "fire", of_rule=True),))
    assert found.spike is not None
    assert (found.mails, found.spike.storms, len(found.spike.rulings)) == ((), (3,), 500)
    later = plan(row(600), storms=(Storm(3, "fire", of_rule=True, notice=9),))
    assert (later.spike, later.mails, [(one.why, one.notice) for one in later.rulings]) == (None, (), [(Why.STORM, 9)])
    calm = plan(row(600, story=1), past=Past(earlier=(told(1, told=False),)), now=NOW + HOUR)
    assert outcomes(calm) == {600: Why.TOLD}, "a copy of a story of the storm"


def test_a_feed_that_lost_its_memory_is_one_mail_and_others_go_on() -> None:
    rows = [row(id_, source="harbour") for id_ in range(1, 101)]
    found = plan(*rows, row(200), storms=(Storm(4, "harbour", of_rule=False),))
    assert [mail.ids for mail in found.mails] == [(200,)]
    assert set(outcomes(found).values()) == {Why.RENUMBERED}


def test_a_storm_without_a_digest_comes_in_one_mail_at_the_full_hour() -> None:
    rows = [row(id_, in_digest=False) for id_ in range(1, 101)]
    storm = (Storm(3, "fire", of_rule=True),)
    found = plan(*rows, storms=storm)
    assert found.spike is not None
    assert {(one.state, one.due_at) for one in found.spike.rulings} == {(AlertState.HELD, NOW + 55 * MINUTE)}
    held = [replace(one, state=AlertState.HELD, why=Why.STORM, due_at=NOW + 55 * MINUTE) for one in rows]
    (mail,) = plan(*held, now=NOW + 55 * MINUTE, storms=storm, rules={"fire": RuleLimits(12)}).mails
    assert len(mail.ids) == 100


PAST_STORM = Storm(3, "fire", of_rule=True, since=NOW - 9 * HOUR, until=NOW - 8 * HOUR)


def held(*ids: int, at: datetime = NOW - 8.5 * HOUR, **values: object) -> list[Pending]:
    """What was held for the reader's quiet hours while the storm went on, and is due."""
    return [row(id_, 0, **{"state": AlertState.HELD, "why": Why.QUIET, "matched_at": at, **values}) for id_ in ids]


def test_who_slept_through_a_storm_is_told_of_it_when_he_wakes_and_of_what_came_besides() -> None:
    outside = [*held(501, at=NOW - 9 * HOUR), *held(502, at=NOW - 7 * HOUR)]
    found = plan(*held(*range(1, 501)), *outside, storms=(PAST_STORM,))
    assert found.spike is not None
    assert (found.spike.storms, found.spike.in_digest, len(found.spike.rulings)) == ((3,), True, 500)
    assert [mail.ids for mail in found.mails] == [(501, 502)]


def test_who_knows_of_a_storm_is_told_no_more_of_it() -> None:
    by_mail = plan(*held(1, 2), storms=(replace(PAST_STORM, notice=9),))
    assert (by_mail.mails, by_mail.spike) == ((), None)
    assert {(one.why, one.notice) for one in by_mail.rulings} == {(Why.STORM, 9)}
    by_digest = plan(*held(1, 2, digest=7), storms=(PAST_STORM,))
    assert (by_digest.mails, by_digest.spike) == ((), None)
    assert {one.detail for one in by_digest.rulings} == {"storm 3: digest 7 has told it"}
    in_part = plan(*held(1, digest=7), *held(2), storms=(PAST_STORM,))
    assert in_part.spike is not None, "some of it is news to him"
    going_on = plan(*held(1, digest=7), storms=(replace(PAST_STORM, until=NOW),))
    assert going_on.spike is not None


def test_a_storm_that_is_over_and_in_no_digest_is_one_mail_besides_the_spike() -> None:
    found = plan(*held(*range(1, 101), in_digest=False), storms=(PAST_STORM,), rules={"fire": RuleLimits(12)})
    assert found.spike is not None
    assert (found.spike.storms, found.spike.in_digest, found.spike.rulings) == ((3,), False, ())
    assert ([len(mail.ids) for mail in found.mails], found.rulings) == ([100], ())


def test_a_storm_over_the_cap_of_a_reader_is_told_when_there_is_room_and_takes_it() -> None:
    who, past = replace(ANA, alerts_per_hour=1), Past(mails=(NOW - 20 * MINUTE,))
    found = plan(row(1), row(2), row(9, rule="other"), who=who, past=past, storms=(Storm(3, "fire", of_rule=True),))
    assert (found.spike, found.mails) == (None, ())
    assert {(one.why, one.due_at) for one in found.rulings} == {(Why.CAP, NOW + 40 * MINUTE)}
    rows = [row(id_, state=AlertState.HELD, why=Why.CAP, rule=rule) for id_, rule in ((1, "fire"), (2, "fire"), (9, "other"))]
    over = Storm(3, "fire", of_rule=True, since=NOW - HOUR, until=NOW + MINUTE)
    found = plan(*rows, who=who, past=past, now=NOW + 40 * MINUTE, storms=(over,))
    assert found.spike is not None
    assert ([one.id for one in found.spike.rulings], found.mails) == ([1, 2], ())
    assert [(one.id, one.why, one.due_at) for one in found.rulings] == [(9, Why.CAP, NOW + 100 * MINUTE)]


def test_what_lies_ahead_since_the_clock_was_set_back_holds_nothing_up() -> None:
    ahead = Past(mails=(NOW + 5 * HOUR,), stories={"fire": (NOW + 5 * HOUR,)})
    who, storm = replace(ANA, alerts_per_hour=1), replace(PAST_STORM, since=NOW + 4 * HOUR, until=NOW + 5 * HOUR, notice=9)
    found = plan(row(1), row(2, matched_at=NOW + 4.5 * HOUR), who=who, past=ahead, storms=(storm,), rules={"fire": RuleLimits(1)})
    assert [mail.ids for mail in found.mails] == [(1,)]
    assert [(one.id, one.notice) for one in found.rulings] == [(2, 9)], "that is of the storm"


@pytest.mark.parametrize(
    ("snooze", "why"),
    [
        (Snooze(1, 5, "", "", NOW + HOUR), Why.SNOOZED),
        (Snooze(1, 5, "fire", "ana", NOW + HOUR), Why.SNOOZED),
        (Snooze(1, 5, "other", "", NOW + HOUR), None),
        (Snooze(1, 5, "", "ben", NOW + HOUR), None),
        (Snooze(1, 6, "", "", NOW + HOUR), None),
        (Snooze(1, 5, "", "", NOW), None),
    ],
)
def test_a_snooze_keeps_a_story_quiet(snooze: Snooze, why: Why | None) -> None:
    found = plan(row(1, story=5), snoozes=(snooze,))
    assert (outcomes(found).get(1), len(found.mails)) == (why, 0 if why else 1)


def test_a_snoozed_story_does_not_go_along() -> None:
    along = row(2, story=5, due_at=NOW + MINUTE)
    found = plan(row(1), along, snoozes=(Snooze(1, 5, "", "", NOW + HOUR),))
    assert ([mail.ids for mail in found.mails], outcomes(found)) == ([(1,)], {})


def test_who_is_gone_or_cannot_be_reached_is_told_nothing_and_the_reason_stands() -> None:
    assert outcomes(plan(row(1), who=replace(ANA, alerts=False))) == {1: Why.GONE}
    assert outcomes(plan(row(1), who=replace(ANA, enabled=False))) == {1: Why.GONE}
    (ruling,) = plan(row(1), rests="550 no such user").rulings
    assert (ruling.why, "550 no such user" in ruling.detail) == (Why.RESTS, True)


def test_what_is_to_be_acknowledged_is_a_mail_of_its_own_for_each_rule() -> None:
    wanted = {"alarm": RuleLimits(12, acknowledged=True), "siren": RuleLimits(12, acknowledged=True)}
    rows = [row(1), row(2, rule="alarm", priority=Priority.HIGH), row(3, rule="siren", priority=Priority.HIGH)]
    found = plan(*rows, row(4, rule="alarm", due_at=NOW + MINUTE), rules=wanted)
    assert {(mail.rule, mail.ids) for mail in found.mails} == {("", (1,)), ("alarm", (2,)), ("siren", (3,))}


def test_what_matters_most_stands_first() -> None:
    rows = [row(1, rule="low", priority=Priority.LOW), row(2), row(3, rule="top", priority=Priority.HIGH)]
    (mail,) = plan(*rows).mails
    assert (mail.ids, mail.priority) == ((3, 2, 1), Priority.HIGH)


@pytest.mark.parametrize("zone", ["Europe/Paris", "Asia/Tehran", "Asia/Kathmandu", "Australia/Lord_Howe", "Africa/Casablanca"])
def test_quiet_hours_have_one_end_each_night_whatever_the_clocks_do(zone: str) -> None:
    who = replace(ANA, timezone=zone, quiet=(time(22), time(2, 30)))
    at, ends, quiet = datetime(2026, 1, 1, 12, tzinfo=UTC), set[datetime](), timedelta()
    while at < datetime(2027, 1, 1, 12, tzinfo=UTC):
        end = quiet_until(who, at)
        local = at.astimezone(ZoneInfo(zone)).time()
        if end is not None:
            ends.add(end)
            quiet += timedelta(minutes=15)
            assert at < end <= at + timedelta(hours=6)
            assert quiet_until(who, end) is None
        elif local < time(1) or local >= time(22):
            raise AssertionError(f"not quiet at {local}")
        at += timedelta(minutes=15)
    assert len(ends) in (365, 366)  # where the year begins within a night, that is one more
    assert abs(quiet / timedelta(hours=1) - 365 * 4.5) <= 3


def test_quiet_hours_within_a_day_and_none() -> None:
    noon = replace(ANA, timezone="UTC", quiet=(time(12), time(13)))
    assert quiet_until(noon, datetime(2026, 3, 20, 12, tzinfo=UTC)) == datetime(2026, 3, 20, 13, tzinfo=UTC)
    assert quiet_until(noon, datetime(2026, 3, 20, 13, tzinfo=UTC)) is None
    assert quiet_until(ANA, NOW) is None


@pytest.mark.parametrize(("zone", "minute"), [("UTC", 0), ("Asia/Kolkata", 30), ("Asia/Kathmandu", 15)])
def test_the_full_hour_is_that_of_the_readers_clock(zone: str, minute: int) -> None:
    at = next_hour(replace(ANA, timezone=zone), NOW)
    assert at.minute == minute
    assert NOW < at <= NOW + HOUR


def test_a_storm_is_far_from_the_usual_and_not_small() -> None:
    assert [is_storm(count, 3.0, factor=10, least=20) for count in (20, 30, 31)] == [False, False, True]
    assert [is_storm(count, 0.0, factor=10, least=20) for count in (20, 21)] == [False, True]
    assert usual_in_window(144 * 14, timedelta(days=14)) == 1
    assert usual_in_window(144, timedelta(minutes=10)) == 1
