"""Challenge pages are told from ordinary ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from aggregator.model.feed import ParsedFeed, ParseFailed
from aggregator.model.page import FailureKind
from aggregator.parse.challenge import find_challenge

if TYPE_CHECKING:
    from tests.parse.conftest import Parse


def html(title: str = "", body: str = "") -> str:
    return f"<!DOCTYPE html><html><head><title>{title}</title></head><body>{body}</body></html>"


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (html("Just a moment..."), "a challenge page (Cloudflare)"),
        (html("\n  Just a moment…"), "a challenge page (Cloudflare)"),
        (html("Attention Required! | Cloudflare"), "a challenge page (Cloudflare)"),
        (html("Nur einen Moment", "<script>window._cf_chl_opt={cvId:'3'}</script>"), "a challenge page (Cloudflare)"),
        (html("", "<div id='cf-chl-widget-x'>"), "a challenge page (Cloudflare)"),
        ('<html><body><iframe src="/_Incapsula_Resource?SWUDNSAI=31">', "a challenge page (Imperva)"),
        (html("Error", "Request unsuccessful. Incapsula incident ID: 1-2"), "a challenge page (Imperva)"),
        (html("north-gazette.example", '<script src="https://ct.captcha-delivery.com/c.js">'), "a challenge page (DataDome)"),
        ('{"url": "https://geo.captcha-delivery.com/captcha/?initialCid=1"}', "a challenge page (DataDome)"),
        (html("Access to this page has been denied", '<div id="px-captcha"></div>'), "a challenge page (HUMAN)"),
        (html("Access Denied", "https://errors.edgesuite.net/18.2"), "a challenge page (Akamai)"),
        (html("", "<script>window.gokuProps = {}</script>"), "a challenge page (AWS WAF)"),
        (html("Request Rejected", "<script src='/TSPD/08f0c3'></script>"), "a challenge page (F5)"),
        (html("DDoS-Guard"), "a challenge page (DDoS-Guard)"),
        (html("You are being redirected...", "<script>sucuri_cloudproxy_js=''</script>"), "a challenge page (Sucuri)"),
        (
            '<html><head><meta http-equiv="refresh" content="0;/.well-known/sgcaptcha/?r=%2Ffeed%2F"></meta></head></html>',
            "a challenge page (SiteGround)",
        ),
        (html("در حال انتقال", "<script>document.cookie = '__arcsjs=1'</script>"), "a challenge page (ArvanCloud)"),
        (html("Vercel Security Checkpoint"), "a challenge page (Vercel)"),
        (html("Making sure you&#39;re not a bot!"), "a challenge page (Anubis)"),
        (html("Are you a robot?"), "a challenge page"),
        (html("Robot Check"), "a challenge page"),
        (html("Please verify you are a human"), "a challenge page"),
        ("<head><title>Captcha</title></head>", "a challenge page"),
        (html("Before you continue to Video"), "a consent page"),
        (html("Ihre Daten", '<form action="https://consent.portal.example/save">'), "a consent page"),
    ],
)
def test_49_a_page_that_wants_to_see_a_human_is_a_failure_of_its_own(parse: Parse, body: str, detail: str) -> None:
    parsed = parse(body, content_type="text/html; charset=utf-8")
    assert isinstance(parsed, ParseFailed)
    assert (parsed.kind, parsed.detail) == (FailureKind.CHALLENGE, f"{detail}, not a feed")
    assert parsed.sample


@pytest.mark.parametrize(
    "body",
    [
        html("Just a minute with the mayor"),
        html("North Gazette", "<script src='/cdn-cgi/challenge-platform/scripts/jsd/main.js'></script>"),
        html("North Gazette", "<script src='https://js.datadome.co/tags.js'></script>"),
        html(
            "Contact",
            "<div class='g-recaptcha'></div><div class='cf-turnstile'></div><script src='https://hcaptcha.com/1/api.js'>",
        ),
        html("", "<h1>How a captcha works</h1>"),
        html("Robots take over the harbour"),
        html("North Gazette", "Accept cookies? <a href='https://consent.example/'>Consent</a> before you continue"),
        html("404 Not Found"),
    ],
)
def test_49_an_ordinary_page_is_only_no_feed(parse: Parse, body: str) -> None:
    parsed = parse(body, content_type="text/html")
    assert isinstance(parsed, ParseFailed)
    assert (parsed.kind, parsed.detail) == (FailureKind.NOT_A_FEED, "an HTML page, not a feed")


def test_a_feed_may_tell_of_challenges(parse: Parse) -> None:
    body = (
        "<rss version='2.0'><channel><title>Just a moment</title><item><title>Are you a robot?</title>"
        "<description>&lt;title>Just a moment...&lt;/title> _cf_chl_opt captcha-delivery.com</description></item></channel></rss>"
    )
    assert isinstance(parse(body), ParsedFeed)


@pytest.mark.parametrize("flood", [b"<title", b"<title>", b"<title>verify you ", b"just a moment ", b"<title>a"])
def test_only_the_beginning_is_looked_at(flood: bytes) -> None:
    page = flood * (2_000_000 // len(flood))
    assert find_challenge(page + b"_cf_chl_opt") == ""
