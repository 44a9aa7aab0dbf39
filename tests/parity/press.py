"""Articles of our own making: sixteen languages in a dozen scripts, with everything that makes a text hard to cut into words."""

from __future__ import annotations

import random
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate

from aggregator.model.article import Article, TextOrigin

START = datetime(2026, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 3, 2, 12, 34, tzinfo=UTC)


@dataclass(frozen=True)
class Tongue:
    """A language's words, commonest first, and names; its quotation marks, its full stop, and what stands between words."""

    words: str
    names: str
    quotes: tuple[str, ...] = ("“”", '""', "‘’")
    stop: str = "."
    between: str = " "


TONGUES = {
    "en": Tongue(
        "the of a and to in port said strike minister harbour ships Workers union after would new city government report court"
        " can't co-op well-known ferry tax budget night-shift flood bridge school re-elected naïve café it's o'clock police",
        "Northgate Varenia O’Neil Ashcombe Jean-Pierre MEK Mek U.S. us NATO Mara-Quay Loray Ellis",
    ),
    "fr": Tongue(
        "la de les et le à port grève l'eau élection été où ministre aujourd'hui œuvre marché après grève général ville dockers"
        " pêche cœur garçon État contre-amiral forêt dès syndicat budget impôt noël",
        "Loray Château-Rive Varénie Élise Dubreuil O.N.U. ONU Jean-Pierre MÉK",
        ("«»", "“”", "‹›"),
    ),
    "de": Tongue(
        "die der und das in Hafen Streik Straße STRASSE Strasse über Größe Bürger gegen Minister sagte Gewerkschaft Fähre grün Öl"
        " Maß Steuer Brücke müssen Köln-Nord Schiff Prüfung Flut Übung Fuß fließt",
        "Nordtor Warenien Müller-Groß Jäger Mara Kai EU z.B. MEK",
        ("„“", "»«", "‚‘", "„”"),
    ),
    "tr": Tongue(
        "ve bir bu için liman grev işçi ışık İstasyon ısı çok bakan şehir gemi sendika köprü İLK ilk ağır yıl göre değil sınır"
        " vergi bütçe kıyı deniz'de öğrenci",
        "Varenya Kuzeykapı Işıl İdil Şirin MEK T.C.",
    ),
    "pl": Tongue(
        "w i na że port strajk rząd miasto łódź Łódź związek statek minister powódź żeglarz most podatek wójt mąż ćma źródło nowy"
        " sąd szkoła dziś środa gęś",
        "Północna-Brama Warenia Łucja Gżegżółka MEK",
        ("„”", "«»"),
    ),
    "ru": Tongue(
        "и в на что порт забастовка министр город союз судно ещё еще всё мост налог суд школа йод район мой моя объявил рабочие"
        " новый съезд зелёный река по-новому",
        "Варения Нордгейт Королёв Йорик СССР МЭК Жан-Пьер",
        ("«»", "„“"),
    ),
    "uk": Tongue(
        "і в на що порт страйк міністр місто їжак ґрунт п'ять об’єкт союз міст суд школа є новий річка податок повінь їхній",
        "Варенія Північна Ґудзь Олеська МЕК",
        ("«»", "“”"),
    ),
    "el": Tongue(
        "και το η λιμάνι απεργία υπουργός πόλη Πόλη ΠΟΛΗ πλοίο ένωση γέφυρα φόρος δικαστήριο σχολείο νέος όχι ναΐσκος ποταμός"
        " εργάτες είπε μέρα Όλες λόγος",
        "Βαρένια Μάρα Ελένη Ο.Η.Ε. ΜΕΚ",
        ("«»", "“”"),
    ),
    "ar": Tongue(
        "في من على إلى ميناء إضراب الوزير مدينة العمال نقابة سفينة جسر ضريبة محكمة مدرسة جديد قال كتاب كِتَاب أحمد احمد مسؤول"
        " شئون رئيس على علي هيئة نهر فيضان آخر قرآن",
        "فارينيا مارا بوابة-الشمال لوراي م.ك.",
        ("«»", "“”", '""'),
        ".",
    ),
    "fa": Tongue(
        "و در به از که بندر اعتصاب وزیر شهر می‌خواهد میخواهد می خواهد کتاب‌ها کتابها کتاب ها کشتی اتحادیه پل دادگاه مدرسه"
        " نمی‌رود تازه گفت سیل رودخانه کارگران کارگر بزرگ‌ترین خانه‌ای مسئول علی ۀ خانۀ خانه",
        "وارنیا مارا دروازه‌شمال لورای م.ک. مجاهدین",
        ("«»", "“”"),
        ".",
    ),
    "he": Tongue(
        'של על את נמל שביתה שר עיר ספינה איגוד גשר מס בית-משפט בית ספר חדש אמר נהר צה"ל ארה"ב ילד יֶלֶד פועלים שיטפון',
        "ורניה מארה לוריי מ\"כ ג'ורג'",
        ("“”", "„”", '""'),
    ),
    "hi": Tongue(
        "और में के की बंदरगाह हड़ताल मंत्री शहर जहाज संघ पुल कर अदालत स्कूल नया कहा नदी बाढ़ किताब हिन्दी हिंदी क़लम कलम मज़दूर",
        "वरेनिया मारा लोरे एमईके",
        ("“”", "‘’"),
        "।",
    ),
    "ka": Tongue(
        "და არის პორტი გაფიცვა მინისტრი ქალაქი გემი კავშირი ხიდი სასამართლო სკოლა ახალი თქვა მდინარე წყალდიდობა მუშები"
        " ᲥᲐᲠᲗᲣᲚᲘ ქართული",
        "ვარენია მარა ლორეი",
        ("„“",),
    ),
    "zh": Tongue(
        "的 在 了 港口 罢工 部长 城市 中国 新中国 国 工人 工会 船 桥 税 法院 学校 说 河 洪水 台湾 成立 人民 ２０２６年 昨天",
        "瓦雷尼亚 马拉 北门 洛雷",
        ("“”", "「」", "『』"),
        "。",
        "",
    ),
    "ja": Tongue(
        "の は が を 港 ストライキ ｽﾄﾗｲｷ 大臣 都市 船 組合 橋 税 裁判所 学校 新しい 言った 川 洪水 東京 京都"
        " パーティー は゛ ばら 労働者 です",
        "ヴァレニア マラ ノースゲート",
        ("「」", "『』"),
        "。",
        "",
    ),
    "ko": Tongue(
        "이 는 항구 파업 장관 도시 배 노조 다리 세금 법원 학교 새 말했다 강 홍수 노동자 정부 오늘 한국 한국어",
        "바레니아 마라 북문",
        ("“”", "‘’"),
    ),
    "th": Tongue(
        "ที่ ใน และ ท่าเรือ การ ประท้วง รัฐมนตรี เมือง เรือ สหภาพ สะพาน ภาษี ศาล โรงเรียน ใหม่ กล่าว แม่น้ำ น้ำ ท่วม คนงาน กำ",
        "วาเรเนีย มารา ลอเร",
        ("“”", '""'),
        " ",
        "",
    ),
}
"""By language."""

FOREIGN = (
    "NATO", "U.S.", "M.E.K.", "MEK", "Mek", "Łódź", "2026", "۱۴۰۴", "١٤٤٧", "２０２６", "3.2.2026",
    "2026-02-03", "۱۴۰۴/۱۱/۱۴", "No. 7", "AB-1402", "AB-۱۴۰۲", "x/y", "@varenia", "#harbour",
    "#strike2026", "a@b.example", "🔥", "👩‍🚀", "⚓️", "1,5", "50%", "C++", "R&D", "ﬁne", "Ⅳ", "½",
    "rock'n'roll", "snake_case", "ИМО", "中国", "港", "e\u0301cole", "re\u00adport", "ca\u200dfe",
    "w\u200bw", "—", "…", "!", "...", "|", "*", "~", "?!",
)  # fmt: skip
"""What stands in texts of any language."""

AUTHORS = (
    "Ada Ellis",
    "Jean-Pierre Dubreuil",
    "Mara O’Neil",
    "مارا لورای",
    "Елена Королёва",
    "马拉",
    "Staff",
    "Łucja Müller-Groß",
    "A. B. Quay",
)
OUTLETS = (
    ("wire", "varenia-wire.test", "state", "VA"), ("daily", "www.daily.test", "press", "VA"), ("quay", "quay.test", "", "LO"),
    ("Courier", "news.courier.test", "press", "fr"), ("pezhvak", "fa.pezhvak.test", "exile", "IR"),
    ("log-2", "courier.test", "trade", ""),
)  # fmt: skip
TAGS = ("sport", "Sport", "economy", "labour", "PORT", "اقتصاد", "long tag")
UNSPACED = {
    "zh": [chr(code) for code in range(0x4E00, 0x9FA6)],
    "ja": [chr(code) for code in (*range(0x3041, 0x3097), *range(0x30A1, 0x30FB))],
    "ko": [chr(code) for code in range(0xAC00, 0xD7A4)], "th": [chr(code) for code in range(0x0E01, 0x0E2F)],
}  # fmt: skip
"""The letters of coined words in scripts where each is a token."""
RARE = 300
_HARAKAT = "\u064b\u064e\u064f\u0650\u0651\u0652"
_SWAPS = str.maketrans({"ی": "ي", "ک": "ك", "ا": "أ", "ه": "ة"})


class Press:
    """Writes them; one seed, one archive."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._words = {code: [*tongue.words.split(" "), *self._coined(code)] for code, tongue in TONGUES.items()}
        self._odds = list(accumulate(1 / (rank + 10) for rank in range(max(map(len, self._words.values())))))

    def articles(self, count: int) -> list[Article]:
        """So many of them, with ids from 1."""
        return [self._article(number) for number in range(1, count + 1)]

    def _article(self, number: int) -> Article:
        chance = self._chance
        code = list(TONGUES)[number % len(TONGUES)]
        slug, host, group, country = chance.choice(OUTLETS)
        title = self._sentence(code, chance.randrange(3, 8), end="")
        many = 14 if chance.random() < 0.04 else chance.randrange(1, 4)
        body = "".join(
            self._sentence(code, chance.randrange(4, 13)) + chance.choice((" ", " ", "\n", "\n\n")) for _ in range(many)
        ).strip()
        if chance.random() < 0.02:
            body = chance.choice(("", title, "?!"))
        seen = START + timedelta(minutes=chance.randrange(60 * 24 * 60))
        path = chance.choice(("opinion", "news", "Video", "a/b"))
        return Article(
            id=number, story_id=1, group_id=1, source_slug=slug, source_name=slug, source_group=group, country=country,
            url=f"https://{host}/{path}/2026/{number}" + chance.choice(("", "?id=X", "#a", "/ë")), title=title, text=body,
            text_origin=TextOrigin.PAGE, note="", authors=tuple(chance.sample(AUTHORS, chance.choice((0, 1, 1, 2)))),
            tags=tuple(chance.sample(TAGS, chance.choice((0, 0, 1, 2)))),
            language=chance.choice((None, code.upper())) if chance.random() < 0.1 else code,
            published_at=seen - timedelta(minutes=chance.randrange(900)) if chance.random() < 0.8 else None,
            has_time=True, first_seen_at=seen, revision=1, words=len(body.split()), baseline=False,
        )  # fmt: skip

    def _coined(self, code: str) -> list[str]:
        """Words that are none, of a language's letters: an archive needs many that are rare."""
        chance = self._chance
        if code in UNSPACED:
            letters = chance.sample(UNSPACED[code], min(400, len(UNSPACED[code])))
            return ["".join(chance.choices(letters, k=chance.randrange(1, 4))) for _ in range(RARE)]
        halves = [
            (word[: len(word) // 2], word[len(word) // 2 :])
            for word in TONGUES[code].words.split(" ")
            if len(word) > 3 and not set(word) & set("'’-\"\u200c")
        ]
        return [chance.choice(halves)[0] + chance.choice(halves)[0] + chance.choice(halves)[1] for _ in range(RARE)]

    def _sentence(self, code: str, count: int, end: str | None = None) -> str:
        chance, tongue = self._chance, TONGUES[code]
        said = [self._word(code) for _ in range(count)]
        if chance.random() < 0.25:
            said[0] = said[0].capitalize()
        if chance.random() < 0.3 and count > 3:
            marks = chance.choice(tongue.quotes)
            first = chance.randrange(count - 1)
            last = chance.randrange(first, count)
            said[first] = marks[0] + ("\u00a0" if marks == "«»" and code == "fr" else "") + said[first]
            if chance.random() < 0.9:
                said[last] += chance.choice(("", "", ",", ".")) + marks[1]
        text = said[0]
        for word in said[1:]:
            between = (
                tongue.between
                if chance.random() < 0.92
                else chance.choice((", ", " – ", "; ", ": ", " (", ") ", "\u00a0", "/", "\n", "\u200f "))
            )
            text += between + word
        return text + (chance.choice((tongue.stop, tongue.stop, "!", "؟", "…")) if end is None else end)

    def _word(self, code: str) -> str:
        chance, tongue = self._chance, TONGUES[code]
        kind = chance.random()
        if kind < 0.06:
            return chance.choice(FOREIGN)
        if kind < 0.2:
            return chance.choice(tongue.names.split(" "))
        words = self._words[code]
        return self._disguised(chance.choices(words, cum_weights=self._odds[: len(words)])[0])

    def _disguised(self, word: str) -> str:
        """The same word in another of its spellings, now and then."""
        chance = self._chance
        kind = chance.random()
        if kind > 0.15:
            return word
        if kind < 0.03:
            return word.upper()
        if kind < 0.05:
            return unicodedata.normalize("NFD", word)
        if kind < 0.06:
            return "".join(each for each in unicodedata.normalize("NFD", word) if not unicodedata.combining(each))
        if "\u0600" <= word[0] <= "\u06ff":
            if kind < 0.1:
                return word.translate(_SWAPS)
            at = chance.randrange(1, len(word) + 1)
            return word[:at] + chance.choice(_HARAKAT + "ـ") + word[at:]
        if kind < 0.08 and len(word) > 2:
            return f"{word[:2]}\u00ad{word[2:]}"
        return word
