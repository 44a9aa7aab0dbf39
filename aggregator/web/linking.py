"""The pages behind the links of our mails.

A link is opened by many that are not its reader: scanners, previews, archives. So GET shows a page with a button, and POST
acts, whether the button or a mail program sends it (RFC 8058 §3.2: without cookies, without redirects). Whoever holds the
link may act, and it names no address, so a page of somebody else's gains nothing by posting to it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from fastapi import APIRouter, Response

from aggregator.app import App
from aggregator.letter.pages import link_page, page_words
from aggregator.notify.links import Purpose
from aggregator.pipeline.linking import ACTING, Offer, accept, offer, web_view
from aggregator.pipeline.rooms import Rooms

Page = Callable[[Rooms, Purpose, str], Awaitable[Offer | None]]

_GUARDED = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex, nofollow",
}
_PAGE = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
# A mail is shown as it was sent, so it is trusted with nothing: no scripts, no forms, no requests but its reader's own clicks.
_MAIL = (
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'; "
    "sandbox allow-popups allow-popups-to-escape-sandbox allow-top-navigation-by-user-activation"
)


def routes(app: App) -> APIRouter:
    """The routes: ``/u/``, ``/n/``, ``/p/``, ``/c/`` to unsubscribe, pause and confirm, ``/v/`` to see a mail in the browser."""
    rooms, router = app.rooms, APIRouter()
    for purpose in ACTING:
        add_page(router, rooms, purpose, offer, accept)

    @router.get(f"/{Purpose.VIEW}/{{token}}")
    async def view(token: str) -> Response:
        html = await web_view(rooms, token)
        if html is None:
            return shown(None)
        words = page_words("en")
        return html_answer(200, html, _MAIL) if html else html_answer(410, link_page("en", "410", words.not_kept))

    return router


def add_page(router: APIRouter, rooms: Rooms, purpose: Purpose, ask: Page, act: Page) -> None:
    """The routes of one purpose: GET shows what ``ask`` says, POST does ``act`` and shows what that says."""

    @router.get(f"/{purpose}/{{token}}")
    async def offered(token: str) -> Response:
        return shown(await ask(rooms, purpose, token))

    @router.post(f"/{purpose}/{{token}}")
    async def accepted(token: str) -> Response:
        return shown(await act(rooms, purpose, token))


def shown(page: Offer | None) -> Response:
    """The page of an offer, or 404 for a link that is not ours."""
    if page is None:
        return html_answer(404, link_page("en", "404", page_words("en").gone))
    return html_answer(200, link_page(page.language, page.title, page.text, button=page.button))


def html_answer(status: int, html: str, policy: str = _PAGE) -> Response:
    """A page that is neither stored, framed nor indexed, and loads nothing."""
    return Response(html, status, _GUARDED | {"Content-Security-Policy": policy}, "text/html; charset=utf-8")
