"""Floors for dates, on pages of our own in many languages and calendars. They only rise."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from tests.quality.dates import Dated, decide

RIGHT, WRONG = 42, 0
SEEN = datetime(2024, 3, 20, 9, 30, tzinfo=UTC)
MASTHEAD = "<div class='top'><span>Wednesday, 20 March 2024</span></div>"
TEASERS = (
    "<section class='latest'><a href='/1'><h3>Dredgers return</h3><span>19.03.2024</span></a>"
    "<a href='/2'><h3>Choir on tour</h3><span>18.03.2024</span></a></section>"
)
COMMENTS = "<div id='comments'><p>Mona, 15 March 2024: well said</p><p>Per, 16 March 2024: no</p></div>"
FOOTER = "<footer>© 2024 Northern Herald. Page made on 20.03.2024</footer>"


@dataclass(frozen=True, slots=True)
class Case:
    """A page with its day; None where a careful reader would not name one."""

    name: str
    day: str | None
    below: str = ""
    head: str = ""
    above: str = ""
    after: str = ""
    title: str = "Ferry terminal closes at noon"
    text: str = "The harbour council voted on Tuesday evening to close the old ferry terminal, after a long debate in the hall."
    language: str = "en"
    path: str = "/news/item-7"

    def page(self) -> Dated:
        """The whole page."""
        paragraphs = f"<p>{self.text}</p>" * 4
        body = f"{self.above}<main><h1>{self.title}</h1>{self.below}{paragraphs}</main>{self.after}{FOOTER}"
        head = f"<head><title>{self.title}</title>{self.head}</head>"
        html = f"<!DOCTYPE html><html lang='{self.language}'>{head}<body>{body}</body></html>"
        return Dated("own", self.name, html.encode(), f"https://herald.example{self.path}", self.day or "", SEEN)


def _json_ld(published: str, modified: str = "") -> str:
    return (
        '<script type="application/ld+json">{"@context":"https://schema.org","@graph":[{"@type":"WebSite","name":"Herald"},'
        f'{{"@type":["NewsArticle"],"datePublished":"{published}","dateModified":"{modified or published}"}}]}}</script>'
    )


CASES = (
    Case("json-ld behind a masthead", "2023-11-02", head=_json_ld("2023-11-02T18:00:00+01:00"), above=MASTHEAD, after=TEASERS),
    Case(
        "edited later",
        "2023-11-02",
        head=_json_ld("2023-11-02T08:00:00Z", "2024-01-05T10:00:00Z"),
        below="<p>Updated: 5 January 2024</p>",
    ),
    Case("meta", "2023-11-02", head="<meta property='article:published_time' content='2023-11-02T23:30:00-05:00'>"),
    Case("address", "2023-11-02", path="/2023/11/02/ferry-terminal", above=MASTHEAD),
    Case("time element", "2023-11-02", below="<time datetime='2023-11-02T10:00:00+01:00'>2 Nov</time>", after=COMMENTS),
    Case("masthead alone", None, above=MASTHEAD),
    Case("copyright alone", None),
    Case("teasers alone", None, after=TEASERS),
    Case("comments alone", None, after=COMMENTS),
    Case("a future event", None, below="<p class='event'>Concert: 12 June 2024</p>"),
    Case("a day in a sentence", None, below="<p>The quay was built on 7 May 2023 by two brothers from the south.</p>"),
    Case("changed only", None, head="<meta property='article:modified_time' content='2024-02-01T08:00:00Z'>"),
    Case("caption", None, below="<figure><img src='a.jpg'><figcaption>The pier, 2 May 2023</figcaption></figure>"),
    Case("American order", "2023-11-02", below="<div>November 2, 2023 at 4:05 p.m. ET</div>", above=MASTHEAD),
    Case("order told by the address", "2023-02-11", below="<div>02/11/2023</div>", path="/2023/02/11/x"),
    Case("told from now", "2024-03-20", below="<span class='byline'>By Ann Lee, 3 hours ago</span>"),
    Case(
        "yesterday in German",
        "2024-03-19",
        below="<span>Gestern, 14:30</span>",
        language="de",
        title="Fähranleger schließt mittags",
    ),
    Case("cut up", "2023-11-02", below="<div class='date'><b>02</b><i>Nov</i><span>2023</span></div>"),
    Case(
        "bottom of the article", "2023-11-02", after="<div class='article-foot'><p>2 November 2023</p></div>", text="Long. " * 120
    ),
    Case(
        "German",
        "2023-11-02",
        below="<p>Von Ada Kern, 2. November 2023, 18:04 Uhr</p>",
        language="de",
        title="Fähranleger schließt",
    ),
    Case(
        "French", "2023-11-02", below="<p>Publié le 2 novembre 2023 à 18h04</p>", language="fr", title="Le terminal ferme à midi"
    ),
    Case("Spanish", "2023-11-02", below="<p>2 de noviembre de 2023</p>", language="es", title="La terminal cierra al mediodía"),
    Case(
        "Polish", "2023-11-02", below="<p>2 listopada 2023, godz. 18:04</p>", language="pl", title="Terminal zamknięty w południe"
    ),
    Case("Turkish", "2023-11-02", below="<p>2 Kasım 2023 18:04</p>", language="tr", title="Vapur iskelesi öğlen kapanıyor"),
    Case("Russian", "2023-11-02", below="<p>2 ноября 2023 г., 18:04</p>", language="ru", title="Причал закроют в полдень"),
    Case("Ukrainian", "2023-11-02", below="<p>2 листопада 2023, 18:04</p>", language="uk", title="Причал закриють опівдні"),
    Case("Greek", "2023-11-02", below="<p>Πέμπτη, 2 Νοεμβρίου 2023, 6:04 μ.μ.</p>", language="el", title="Κλείνει ο σταθμός"),
    Case("Hebrew", "2023-11-02", below="<p>2 בנובמבר 2023, 18:04</p>", language="he", title="מסוף המעבורות נסגר בצהריים"),
    Case("Arabic", "2023-11-02", below="<p>الخميس ٢ نوفمبر ٢٠٢٣ - ٦:٠٤ م</p>", language="ar", title="إغلاق محطة العبّارات ظهرا"),
    Case("Levantine", "2023-11-02", below="<p>2 تشرين الثاني 2023</p>", language="ar", title="إغلاق محطة العبّارات ظهرا"),
    Case("Islamic calendar", "2023-11-02", below="<p>18 ربيع الآخر 1445 هـ</p>", language="ar", title="إغلاق محطة العبّارات ظهرا"),
    Case(
        "Persian", "2023-11-02", below="<p>پنجشنبه ۱۱ آبان ۱۴۰۲ - ۱۸:۰۴</p>", language="fa", title="پایانه قایق‌ها ظهر بسته می‌شود"
    ),
    Case("Persian figures", "2023-11-02", below="<p>۱۴۰۲/۰۸/۱۱ ۱۸:۰۴</p>", language="fa", title="پایانه قایق‌ها ظهر بسته می‌شود"),
    Case("Persian, told from now", "2024-03-20", below="<p>۲ ساعت پیش</p>", language="fa", title="پایانه قایق‌ها بسته می‌شود"),
    Case("Persian masthead", "2023-11-02", above="<div>چهارشنبه ۱ فروردین ۱۴۰۳</div>", path="/2023/11/02/x", language="fa"),
    Case("Chinese", "2023-11-02", below="<p>2023年11月2日 下午6:04</p>", language="zh", title="旧渡轮码头中午关闭"),
    Case("Taiwanese year", "2023-11-02", below="<p>民國112年11月2日</p>", language="zh", title="舊渡輪碼頭中午關閉"),
    Case(
        "Japanese", "2023-11-02", below="<p>2023年11月2日(木) 18時04分</p>", language="ja", title="フェリーターミナルが正午に閉鎖"
    ),
    Case("Japanese era", "2023-11-02", below="<p>令和5年11月2日</p>", language="ja", title="フェリーターミナルが正午に閉鎖"),
    Case("Korean", "2023-11-02", below="<p>입력 2023.11.02 오후 6:04</p>", language="ko", title="여객선 터미널 정오에 폐쇄"),
    Case("Hindi", "2023-11-02", below="<p>2 नवंबर 2023</p>", language="hi", title="फेरी टर्मिनल दोपहर को बंद"),
    Case("Urdu", "2023-11-02", below="<p>2 نومبر 2023</p>", language="ur", title="فیری ٹرمینل دوپہر کو بند"),
)


def test_floors() -> None:
    answers = {case.name: (decide(case.page()), case.day) for case in CASES}
    right = [name for name, (found, day) in answers.items() if found == day]
    wrong = {name: found for name, (found, day) in answers.items() if found not in (None, day)}

    assert len(wrong) <= WRONG, wrong
    assert len(right) >= RIGHT, {name: answer for name, answer in answers.items() if name not in right}
