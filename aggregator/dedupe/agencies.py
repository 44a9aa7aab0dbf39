"""News agencies: whom a text credits, and whether an outlet is the agency itself."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

# Agency: domains of its own | names under which texts credit it, as they are written (AP is an agency, ap is not).
_TABLE = """
AFP: afp.com | AFP, Agence France-Presse, Agence France Presse, АФП, ا ف ب, ا.ف.ب, فرانس برس, 法新社, AFP通信, AFP통신
AP: apnews.com ap.org | AP, Associated Press, اسوشیتد برس, اسوشیتدپرس, 美联社, 美聯社, AP通信, AP통신
Reuters: reuters.com | Reuters, REUTERS, Thomson Reuters, Рейтер, رویترز, 路透社, 路透, ロイター, 로이터, רויטרס
dpa: dpa.com dpa-international.com | dpa, dpa-AFX, Deutsche Presse-Agentur
UPI: upi.com | UPI, United Press International
Bloomberg: bloomberg.com | Bloomberg News
TASS: tass.com tass.ru | TASS, ITAR-TASS, ТАСС, ИТАР-ТАСС, 塔斯社
RIA Novosti: ria.ru | RIA Novosti, РИА Новости, РИА «Новости»
Interfax: interfax.ru interfax.com | Interfax, Интерфакс
Ukrinform: ukrinform.net ukrinform.ua | Ukrinform, Укринформ, Укрінформ
Xinhua: xinhuanet.com news.cn | Xinhua, 新华社, 新華社, 新华网, شینخوا, شینهوا, Синьхуа
China News Service: chinanews.com chinanews.com.cn | China News Service, 中新社, 中新网
CNA: cna.com.tw focustaiwan.tw | 中央社, Central News Agency
Kyodo: kyodonews.net | Kyodo, Kyodo News, 共同通信, 共同社, 共同
Jiji: jiji.com | Jiji Press, 時事通信, 時事
Yonhap: yna.co.kr | Yonhap, 연합뉴스, 韩联社, 韓聯社, 聯合ニュース
IRNA: irna.ir | IRNA, ایرنا, ارنا, 伊朗通讯社
ISNA: isna.ir | ISNA, ایسنا
Tasnim: tasnimnews.com tasnimnews.ir | Tasnim, تسنیم
Fars: farsnews.ir | Fars News Agency, خبرگزاری فارس
Mehr: mehrnews.com | Mehr News Agency, خبرگزاری مهر
Anadolu: aa.com.tr | AA, Anadolu, Anadolu Agency, Anadolu Ajansı, الاناضول, اناضول, اناتولی
WAFA: wafa.ps | WAFA, وفا
SPA: spa.gov.sa | SPA, واس
MENA: mena.org.eg | MENA, ا ش ا
WAM: wam.ae | WAM, وام
Petra: petra.gov.jo | Petra, بترا
EFE: efe.com | EFE, Agencia EFE
Europa Press: europapress.es | Europa Press
ANSA: ansa.it | ANSA
Lusa: lusa.pt | Lusa, LUSA
APA: apa.at | APA
Keystone-SDA: keystone-sda.ch | Keystone-SDA, Keystone-ATS, SDA, ATS
Belga: belga.be | Belga, BELGA
ANP: anp.nl | ANP
NTB: ntb.no | NTB
Ritzau: ritzau.dk | Ritzau
PAP: pap.pl | PAP, Polska Agencja Prasowa
ČTK: ctk.cz ceskenoviny.cz | ČTK, CTK
PTI: ptinews.com | PTI, Press Trust of India
ANI: aninews.in | ANI
IANS: ians.in | IANS
UN News: news.un.org | UN News, 联合国新闻, 聯合國新聞, 联合国, 聯合國
"""

_HEAD_CHARS, _TAIL_CHARS = 240, 240
# Kaf, yeh and alef are typed in several ways.
_LETTERS = str.maketrans({"ي": "ی", "ى": "ی", "ك": "ک", "أ": "ا", "إ": "ا", "آ": "ا", "\u200c": " ", "\u00a0": " "})


def _read(table: str) -> tuple[dict[str, str], dict[str, str]]:
    names: dict[str, str] = {}
    hosts: dict[str, str] = {}
    for line in table.strip().splitlines():
        agency, _, rest = line.partition(":")
        domains, _, written = rest.partition("|")
        names |= {name.strip(): agency for name in written.split(",")}
        hosts |= dict.fromkeys(domains.split(), agency)
    return names, hosts


_NAMES, _HOSTS = _read(_TABLE)
_ANY = "|".join(re.escape(name) for name in sorted(_NAMES, key=len, reverse=True))
_AGENCY = rf"(?P<agency>(?<![^\W_])(?:{_ANY})(?![^\W_]))"
# Among Chinese, Japanese and Korean characters no boundary of words can be asked for.
_CJK = "|".join(filter(re.compile("[\u3040-\u9fff\uac00-\ud7a3]").search, sorted(_NAMES, key=len, reverse=True)))
_OTHERS = r"(?:\s*[/,;+&]\s*[^()\[\]\n]{1,30})?"
_ORIGIN = (
    r"(?:Source|Sources|Quellen?|Fuentes?|Fontes?|Źródło|Kaynak|Источник|Джерело|منبع|المصدر|مصدر|来源|來源|出典|출처|מקור)"
    r"\s*[:：]\s*"
)

_HEAD = tuple(
    re.compile(form)
    for form in (
        rf"[(/（\[【](?:[^()（）\n]{{0,40}}?[/,;=+ ])??\s*{_AGENCY}{_OTHERS}\s*[)/）\]】]",  # (AFP), /TASS/, (서울=연합뉴스)
        rf"[(（\[【][^()（）\n]{{0,20}}?(?P<agency>{_CJK})[^()（）\n]{{0,30}}[)）\]】]",  # （中央社記者…電）
        rf"^[^\n]{{0,12}}(?P<agency>{_CJK})[^\n，。]{{0,20}}[电電讯訊]",  # 新华社北京…电
        rf"^[^\n.]{{0,60}}\s[—–-]\s*{_AGENCY}\s*[.:—–-]",  # МОСКВА, 5 окт — РИА Новости.
        rf"^\W{{0,3}}{_AGENCY}\s*(?:[—–|:]|-\s)",  # REUTERS - …
        rf"به (?:گزارش|نقل از)\s+(?:خبرنگار\s+)?(?:خبرگزاری\s+)?(?:رسمی\s+)?{_AGENCY}",
    )
)
_TAIL = tuple(
    re.compile(form)
    for form in (
        rf"[(（\[【]\s*{_AGENCY}{_OTHERS}\s*[)）\]】]\W*$",
        rf"(?:^|\n|[.!?。…”\"»]\s+|\s[—–-]{{1,2}}\s*){_AGENCY}{_OTHERS}\W*$",
        rf"©\s*(?:\d{{4}}\s*)?{_AGENCY}",
        rf"{_ORIGIN}{_AGENCY}",
        rf"{_ORIGIN}(?P<agency>{_CJK})",
    )
)
_AUTHOR = re.compile(
    rf"(?:by\s+|von\s+|par\s+)?{_AGENCY}(?:\s+(?:staff|news|agency|news agency|newswire|correspondent))?", re.IGNORECASE
)
_BETWEEN_AUTHORS = re.compile(r"\s*[/,;|&+]\s*|\s+(?:and|und|et|y|with|avec|mit)\s+")


def credit(text: str, title: str = "", authors: Sequence[str] = ()) -> str:
    """The agency that a text names as its source, by the table's name for it, or "".

    It stands in the dateline ("PARIS (AFP) -", "/ТАСС/", "新华社北京电"), at the end ("— AFP", "Source: Reuters"), among the
    authors, or in the brackets that end a title. An agency that is only quoted in passing is no credit.
    """
    plain = text.translate(_LETTERS)
    for place, forms in ((plain[:_HEAD_CHARS], _HEAD), (plain[-_TAIL_CHARS:].rstrip(), _TAIL)):
        for form in forms:
            if found := form.search(place):
                return _NAMES[found["agency"]]
    for author in authors:
        for part in _BETWEEN_AUTHORS.split(author.translate(_LETTERS).strip()):
            if found := _AUTHOR.fullmatch(part):
                return _named(found["agency"])
    found = _TAIL[0].search(title.translate(_LETTERS))
    return _NAMES[found["agency"]] if found else ""


def _named(written: str) -> str:
    if written in _NAMES:
        return _NAMES[written]
    return next((agency for name, agency in _NAMES.items() if len(name) > 2 and name.casefold() == written.casefold()), "")


def is_outlet_of(agency: str, outlet: str, url: str) -> bool:
    """Whether an outlet, by its name or an address of its, is the agency's own."""
    host = (urlsplit(url).hostname or "").removeprefix("www.")
    own = any(host == domain or host.endswith(f".{domain}") for domain, name in _HOSTS.items() if name == agency)
    return own or _named(outlet.translate(_LETTERS).strip()) == agency
