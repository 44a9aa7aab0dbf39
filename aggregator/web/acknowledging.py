"""The pages behind the links of alerts. As with every link of our mails, GET shows a page and POST acts."""

from __future__ import annotations

from fastapi import APIRouter

from aggregator.app import App
from aggregator.notify.links import Purpose
from aggregator.pipeline.answering import accept_answer, offer_answer
from aggregator.web.linking import add_page


def routes(app: App) -> APIRouter:
    """The routes: ``/a/`` to acknowledge an alert, ``/s/`` to keep its stories quiet for a day."""
    router = APIRouter()
    for purpose in (Purpose.ACKNOWLEDGE, Purpose.SNOOZE):
        add_page(router, app.rooms, purpose, offer_answer, accept_answer)
    return router
