"""The pages behind the links of alerts. As with every link of our mails, GET shows a page and POST acts."""

from __future__ import annotations

from fastapi import APIRouter, Response

from aggregator.app import App
from aggregator.notify.links import Purpose
from aggregator.pipeline.answering import accept_answer, offer_answer
from aggregator.web.linking import shown


def routes(app: App) -> APIRouter:
    """The routes: ``/a/`` to acknowledge an alert, ``/s/`` to keep its stories quiet for a day."""
    rooms, router = app.rooms, APIRouter()

    @router.get(f"/{Purpose.ACKNOWLEDGE}/{{token}}")
    async def ask_to_acknowledge(token: str) -> Response:
        return shown(await offer_answer(rooms, Purpose.ACKNOWLEDGE, token))

    @router.post(f"/{Purpose.ACKNOWLEDGE}/{{token}}")
    async def acknowledge(token: str) -> Response:
        return shown(await accept_answer(rooms, Purpose.ACKNOWLEDGE, token))

    @router.get(f"/{Purpose.SNOOZE}/{{token}}")
    async def ask_to_snooze(token: str) -> Response:
        return shown(await offer_answer(rooms, Purpose.SNOOZE, token))

    @router.post(f"/{Purpose.SNOOZE}/{{token}}")
    async def snooze(token: str) -> Response:
        return shown(await accept_answer(rooms, Purpose.SNOOZE, token))

    return router
