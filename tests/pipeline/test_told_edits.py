"""Edits that rules watch for: told in a mail of their own, or in the next digest, and to each reader once."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import time, timedelta
from email import message_from_bytes, policy
from typing import Any

import pytest

from aggregator.app import App, open_app
from aggregator.config.settings import ArticleSettings, Config
from aggregator.errors import Conflict
from aggregator.model.delivery import MatchedArticle, Recipient
from aggregator.model.rule import Entity, Lane, RuleSpec
from aggregator.pipeline.digest import draft_digests, receiving, run_digest, slot_due
from aggregator.pipeline.edits import send_edits
from aggregator.pipeline.letters import alert_mails
from aggregator.pipeline.matter import Readings
from aggregator.store import digests
from aggregator.store.digests import Run
from aggregator.store.registry import Registered
from aggregator.store.tables import DigestEditRow, DigestRow, EditRow, MatchRow

Desk = Callable[..., Config]
Rows = Callable[..., list[Any]]

HOUR = timedelta(hours=1)
CHANGED = "Changed after publication"
ANA, BEN, CAM = (
    Recipient("ana", "ana@example.org"),
    Recipient("ben", "ben@example.org", alerts=False),
    Recipient("cam", "cam@example.org", digest=False),
)
EDIT = "the headline was “Fire story”; Oban Lind was added"


@pytest.fixture
def watching(desk: Desk, site: Any, relay: Any) -> Callable[..., Config]:
    """One rule that watches edits, in a lane, and its readers."""

    def make(lane: Lane, *people: Recipient) -> Config:
        config = desk(
            site.source(),
            relay=relay,
            people=people,
            rules=(RuleSpec("fires", "Fires", "sorrelwood", lane, watch_edits=True),),
            articles=ArticleSettings(recheck=tuple(HOUR * step for step in range(1, 7)), recheck_others=()),
        )
        return replace(config, entities=(Entity("lind", "Oban Lind", ("Lind",)),))

    return make


async def _pass(app: App, clock: Any, hours: float = 1) -> None:
    clock.at += timedelta(hours=hours)
    await app.settle()


async def _edit(app: App, clock: Any, site: Any) -> None:
    """Found at one o'clock, edited before two."""
    await app.settle()
    site.publish("fire", "sorrelwood")
    await _pass(app, clock)
    text = [*site.text("fire"), "Still sorrelwood.", "Minister Lind said nothing."]
    site.pages["/fire"] = site.page("Fire story grows", text)
    await _pass(app, clock)
    await _pass(app, clock, 0.1)


async def _until(app: App, clock: Any, hour: int) -> None:
    """Go on until the full hour of the next day that has one."""
    clock.at = clock.at.replace(hour=hour, minute=0) + timedelta(days=clock.at.hour >= hour)
    await app.settle()


async def test_an_edit_at_night_is_told_when_the_quiet_hours_end(
    clock: Any, site: Any, relay: Any, watching: Callable[..., Config]
) -> None:
    ana = replace(ANA, quiet=(time(0), time(5)))
    async with open_app(watching(Lane.NOW, ana), clock=clock) as app:
        await _edit(app, clock, site)
        await _pass(app, clock)
        assert relay.mails == []
        await _until(app, clock, 5)
        texts = relay.texts("ana@example.org")
        assert sorted(CHANGED in text for text in texts) == [False, True]


async def test_an_edit_of_a_calm_rule_stands_in_one_digest_of_each_reader(
    clock: Any, site: Any, relay: Any, watching: Callable[..., Config], rows: Rows
) -> None:
    async with open_app(watching(Lane.DIGEST, ANA, BEN, CAM), clock=clock) as app:
        await _edit(app, clock, site)
        assert relay.mails == []
        await _until(app, clock, 7)
        for address in ("ana@example.org", "ben@example.org"):
            (text,) = relay.texts(address)
            assert EDIT in " ".join(text.split())
            assert text.count(CHANGED) == 1
        assert relay.texts("cam@example.org") == []
        assert [row.digest_id for row in rows(app, DigestEditRow)] == [1, 2]
        await _until(app, clock, 7)
        assert len(relay.mails) == 2, "there is nothing to tell a second time"


async def test_an_edit_alone_is_worth_a_digest(
    clock: Any, site: Any, relay: Any, watching: Callable[..., Config], rows: Rows
) -> None:
    clock.at = clock.at.replace(hour=5)
    async with open_app(watching(Lane.DIGEST, ANA), clock=clock) as app:
        await app.settle()
        site.publish("fire", "sorrelwood")
        await _pass(app, clock)
        await _until(app, clock, 7)
        site.pages["/fire"] = site.page("Fire story", [*site.text("fire"), "Nothing is known."])
        await _pass(app, clock, 2)
        await _until(app, clock, 7)
        first, second = relay.texts("ana@example.org")
        assert CHANGED not in first
        assert second.startswith("[aggregator] 1 article changed after publication")
        assert "the rule finds it no more" in second
        assert [(row.state, row.matches) for row in rows(app, DigestRow)] == [("queued", 1), ("queued", 0)]


async def test_an_edit_of_an_urgent_rule_is_in_the_digest_of_those_only_who_get_no_alerts(
    clock: Any, site: Any, relay: Any, watching: Callable[..., Config]
) -> None:
    async with open_app(watching(Lane.NOW, ANA, BEN, CAM), clock=clock) as app:
        await _edit(app, clock, site)
        await _until(app, clock, 7)
        mails = {name: relay.texts(f"{name}@example.org") for name in ("ana", "ben", "cam")}
        assert {name: [EDIT in " ".join(text.split()) for text in texts] for name, texts in mails.items()} == {
            "ana": [False, True, False],
            "ben": [True],
            "cam": [False, True],
        }


async def test_edits_are_frozen_with_their_digest_and_a_draft_gives_the_same_again(
    clock: Any, site: Any, relay: Any, watching: Callable[..., Config]
) -> None:
    async with open_app(watching(Lane.DIGEST, ANA), clock=clock) as app:
        await _edit(app, clock, site)
        clock.at = clock.at.replace(hour=7, minute=0)
        (ana,) = await receiving(app.rooms)
        slot = slot_due(app.rooms, ana)
        assert slot is not None
        store, active = app.rooms.store, app.rooms.active
        (draft,) = await draft_digests(Readings(store), active, ana, slot)
        assert [draft] == await draft_digests(Readings(store), active, ana, slot)
        issue, letter = draft.issue, draft.letter
        assert len(issue.edit_ids) == 1
        await run_digest(app.rooms, ana, slot)
        assert (await draft_digests(Readings(store), active, ana, slot))[0].issue.edit_ids == ()
        again, at = replace(issue, match_ids=()), slot.due_at + HOUR
        with pytest.raises(Conflict, match="given to the reader meanwhile"):
            await store.write(
                digests.freeze, 1, replace(slot, due_at=at, at=at.time()), (slot.due_at, at), [Run(again, None)], at
            )
        await app.settle()
        (text,) = relay.texts("ana@example.org")
        assert " ".join(letter.text.split()) in " ".join(text.split())


async def test_a_digest_that_is_given_up_gives_its_edits_back(
    clock: Any, site: Any, relay: Any, watching: Callable[..., Config]
) -> None:
    config = watching(Lane.DIGEST, ANA)
    async with open_app(config, clock=clock) as app:
        await _edit(app, clock, site)
        relay.answers = {"ana@example.org": ["550 5.1.1 no such user"]}
        await _until(app, clock, 7)
        assert relay.mails == []
        await app.apply(replace(config, recipients=(replace(ANA, address="ana@example.net"),)))
        await _until(app, clock, 7)
        (text,) = relay.texts("ana@example.net")
        assert EDIT in " ".join(text.split())


async def test_two_edits_of_one_article_that_wait_together_are_both_told(
    clock: Any, site: Any, relay: Any, watching: Callable[..., Config], rows: Rows
) -> None:
    async with open_app(watching(Lane.NOW, ANA), clock=clock) as app:
        await app.settle()
        site.publish("fire", "sorrelwood")
        await _pass(app, clock)
        (match,) = rows(app, MatchRow)
        values = {"rule_id": 1, "article_id": match.article_id, "match_id": match.id, "at": clock.at}
        both = [EditRow(revision=place, what=f"the headline was “{place}”", **values) for place in (2, 3)]
        app.rooms.store.write_now(lambda session: session.add_all(both))
        assert await send_edits(app.rooms) == 2
        await app.settle()
        text = " ".join(relay.texts("ana@example.org")[-1].split())
        assert "Changed after publication: the headline was “2”; the headline was “3”." in text


def test_edits_that_have_no_room_in_a_mail_come_in_further_ones(
    clock: Any, desk: Desk, match: Callable[..., MatchedArticle]
) -> None:
    config = desk(people=[ANA, BEN])
    url, note = "https://x.example/?" + "&" * 300, "Changed after publication: the headline was “{}”."
    items = [match("oak", title=f"Changed {n:03}", url=url, note=note.format(f"Old {n:03}")) for n in range(200)]
    known = Registered({"oak": 1}, {"oak": 1}, {"ana": 1, "ben": 2}, frozenset())
    mails = alert_mails(config, known, items, "edit:7", clock.at, None)
    assert ([mail.key for mail in mails[:3]], len({mail.message_id for mail in mails})) == (
        ["edit:7:1", "edit:7:1:2", "edit:7:1:3"],
        len(mails),
    )
    bodies = [message_from_bytes(mail.message, policy=policy.default).get_body(("plain",)) for mail in mails]
    told = " ".join(body.get_content() for body in bodies if body)
    assert re.findall(r"^- Changed ([0-9]+)", told, re.MULTILINE) == [f"{n:03}" for n in range(200)]
    assert re.findall(r"the headline was “Old ([0-9]+)”", told) == [f"{n:03}" for n in range(200)]
