from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.extract.language import detect_language, other_languages
from aggregator.model.article import Extraction

PERSIAN = "شورای بندر شب سه‌شنبه پس از سه ساعت بحث رأی داد که پایانه قدیمی قایق‌ها بسته شود و اسکله موقت چوبی ساخته شود."


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (PERSIAN, "fa"),
        ("صوّت مجلس الميناء مساء الثلاثاء على إغلاق محطة العبّارات القديمة بعد نقاش دام ثلاث ساعات في القاعة الكبرى.", "ar"),
        ("بندرگاہ کی کونسل نے منگل کی شام پرانے فیری ٹرمینل کو بند کرنے کے حق میں ووٹ دیا اور لوگ ہڑتال پر ہیں۔", "ur"),
        ("Рада порту у вівторок увечері проголосувала за закриття старого причалу після тривалого обговорення.", "uk"),
        ("Совет порта во вторник вечером проголосовал за закрытие старого причала после долгого обсуждения.", "ru"),
        ("港务委员会星期二晚上投票决定关闭旧的渡轮码头。", "zh"),
        ("港湾評議会は火曜日の夜、古いフェリーターミナルの閉鎖を決めた。", "ja"),
        ("항만 위원회는 화요일 저녁 오래된 여객선 터미널을 닫기로 했다.", "ko"),
        ("מועצת הנמל הצביעה ביום שלישי בערב על סגירת מסוף המעבורות הישן.", "he"),
        ("דער פּאָרט ראַט האָט דינסטיק אין אָוונט באַשלאָסן צו פֿאַרמאַכן דעם אַלטן טערמינאַל.", "yi"),
        ("ئەنجومەنی بەندەر ئێوارەی سێشەممە دەنگی دا بۆ داخستنی وێستگەی کۆنی بەلەمەکان دوای گفتوگۆیەکی درێژ.", "ku"),
        ("Το συμβούλιο του λιμανιού ψήφισε το κλείσιμο του παλιού σταθμού.", "el"),
        ("Der Hafenrat stimmte am Dienstagabend für die Schließung des alten Fähranlegers nach langer Debatte.", "de"),
        ("Le conseil du port a voté mardi soir la fermeture de l’ancienne gare maritime après un long débat.", "fr"),
        ("Liman meclisi salı akşamı uzun bir tartışmanın ardından eski vapur iskelesinin kapatılmasına karar verdi.", "tr"),
        ("The harbour council voted on Tuesday evening to close the old ferry terminal after a long debate.", "en"),
    ],
)
def test_the_text_decides_whatever_is_declared(text: str, code: str) -> None:
    assert detect_language(text) == code
    wrong = "ar" if code == "fa" else "en" if code != "en" else "de"
    assert detect_language(text * 2, (wrong,)) == code


def test_persian_page_that_declares_english(extract: Callable[..., Extraction]) -> None:
    page = f'<html lang="en"><head><meta property="og:locale" content="en_US"></head><body><p>{PERSIAN}</p></body></html>'

    assert extract(page, outlet_language="en", language="en-us").language == "fa"


@pytest.mark.parametrize(
    ("text", "hints", "code"),
    [
        ("Radio Metro", (None, "de-AT"), "de"),
        ("Radio Metro", ("fi", "de"), "fi"),
        ("سلام", ("fa",), "fa"),
        ("سلام", ("ar",), "ar"),
        ("پل", ("ar",), "fa"),
        ("یک کار", (), "fa"),
        ("Привет", ("en", "ru"), "ru"),
        ("Її", ("ru",), "uk"),
        ("東京", ("zh",), "zh"),
    ],
)
def test_hints_break_ties_of_short_texts(text: str, hints: tuple[str | None, ...], code: str) -> None:
    assert detect_language(text, hints) == code


def test_no_letters_no_language() -> None:
    assert detect_language("12:30 — 100 %", ("en",)) is None
    assert detect_language("") is None


WHOLE = {
    "en": (
        "The harbour council voted on Tuesday evening to close the old ferry terminal, after a long debate in the great hall.",
        "Fishermen from the eastern quay had asked for a delay until the autumn, because their cold store stands next to it.",
        "The mayor promised a pier of timber, to be ready before the holidays, and a hearing for the public.",
        "Engineers told the meeting that the foundations of the building had moved by four centimetres since the winter storms.",
    ),
    "de": (
        "Der Hafenrat stimmte am Dienstagabend nach langer Aussprache dafür, den alten Fähranleger zu schließen.",
        "Die Fischer vom östlichen Kai hatten um Aufschub bis zum Herbst gebeten, weil ihr Kühlhaus an die Halle angebaut ist.",
        "Die Bürgermeisterin versprach einen Steg aus Holz, der vor den Ferien fertig sein soll, und eine Anhörung.",
        "Nach Auskunft der Ingenieure haben sich die Fundamente seit den Stürmen des Winters um vier Zentimeter gesenkt.",
    ),
    "no": (
        "Havnerådet stemte tirsdag kveld for å stenge den gamle fergeterminalen etter en lang debatt i den store salen.",
        "Fiskerne på den østre kaia hadde bedt om utsettelse til høsten, fordi kjølelageret deres er bygget inntil hallen.",
        "Ordføreren lovet en midlertidig brygge av tømmer, som skal være klar før ferien, og en høring hver annen måned.",
        "Ingeniørene sa på møtet at fundamentene hadde flyttet seg fire centimeter siden vinterstormene.",
    ),
    "da": (
        "Havnerådet stemte tirsdag aften for at lukke den gamle færgeterminal efter en lang debat i den store sal.",
        "Fiskerne på den østlige kaj havde bedt om udsættelse til efteråret, fordi deres kølehus er bygget op ad hallen.",
        "Borgmesteren lovede en midlertidig bro af tømmer, som skal være klar inden ferien, og en høring hver anden måned.",
        "Ingeniørerne sagde på mødet, at fundamenterne havde flyttet sig fire centimeter siden vinterens storme.",
    ),
    "ru": (
        "Совет порта во вторник вечером после долгого обсуждения проголосовал за закрытие старого паромного причала.",
        "Рыбаки с восточной набережной просили отложить решение до осени, потому что их холодильный склад примыкает к залу.",
        "Мэр пообещала построить временную деревянную пристань к началу каникул и проводить слушания каждые два месяца.",
        "Инженеры сообщили на заседании, что фундамент здания сдвинулся на четыре сантиметра после зимних штормов.",
    ),
    "uk": (
        "Рада порту у вівторок увечері після тривалого обговорення проголосувала за закриття старого поромного причалу.",
        "Рибалки зі східної набережної просили відкласти рішення до осені, бо їхній холодильний склад прилягає до зали.",
        "Мерка пообіцяла збудувати тимчасову дерев'яну пристань до початку канікул і проводити слухання щодва місяці.",
        "Інженери повідомили на засіданні, що фундамент будівлі зсунувся на чотири сантиметри після зимових штормів.",
    ),
    "fa": (
        "شورای بندر شب سه‌شنبه پس از سه ساعت بحث رأی داد که پایانه قدیمی قایق‌ها بسته شود و اسکله موقت چوبی ساخته شود.",
        "ماهیگیران اسکله شرقی خواسته بودند که این تصمیم تا پاییز عقب بیفتد، چون سردخانه آن‌ها به سالن چسبیده است.",
        "شهردار قول داد که اسکله‌ای از چوب پیش از تعطیلات آماده شود و هر دو ماه یک نشست عمومی برای مردم برگزار گردد.",
        "مهندسان در نشست گفتند که پی ساختمان از توفان‌های زمستان تا کنون چهار سانتی‌متر جابه‌جا شده است.",
    ),
    "ar": (
        "صوّت مجلس الميناء مساء الثلاثاء على إغلاق محطة العبّارات القديمة بعد نقاش دام ثلاث ساعات في القاعة الكبرى.",
        "وكان صيادو الرصيف الشرقي قد طلبوا تأجيل القرار إلى الخريف لأن مخزن التبريد الخاص بهم ملاصق للقاعة القديمة.",
        "ووعدت رئيسة البلدية بإنشاء رصيف مؤقت من الخشب يكون جاهزا قبل العطلة، وبعقد جلسة عامة كل شهرين أمام السكان.",
        "وقال المهندسون في الجلسة إن أساسات المبنى تحركت أربعة سنتيمترات منذ عواصف الشتاء الماضي في هذه المدينة.",
    ),
    "zh": (
        "港务委员会星期二晚上经过长时间辩论后投票决定关闭旧的渡轮码头，并另建一座临时木制栈桥。",
        "东码头的渔民曾要求把决定推迟到秋天，因为他们的冷库紧挨着候船大厅，搬迁需要几个月的时间。",
        "市长承诺栈桥将在假期之前完工，并且每两个月为市民举行一次公开听证会，听取大家的意见。",
        "工程师在会上表示，自从去年冬天的风暴以来，大楼的地基已经移动了四厘米，继续使用并不安全。",
    ),
    "ja": (
        "港湾評議会は火曜日の夜、長い議論の末に古いフェリーターミナルを閉鎖し、仮の木造桟橋を建てることを決めた。",
        "東埠頭の漁師たちは、冷蔵倉庫が待合所に隣接しているため、決定を秋まで延ばすように求めていた。",
        "市長は休暇の前に桟橋を完成させ、二か月ごとに市民のための公聴会を開くと約束した。",
        "技術者たちは会合で、冬の嵐以来、建物の基礎が四センチ動いており、使い続けるのは危険だと述べた。",
    ),
    "ko": (
        "항만 위원회는 화요일 저녁 긴 토론 끝에 오래된 여객선 터미널을 닫고 임시 나무 부두를 짓기로 했다.",
        "동쪽 부두의 어부들은 냉동 창고가 대합실에 붙어 있다는 이유로 결정을 가을까지 미루어 달라고 요청했다.",
        "시장은 휴가철 전에 부두를 완성하고 두 달마다 시민을 위한 공청회를 열겠다고 약속했다.",
        "기술자들은 회의에서 겨울 폭풍 이후 건물의 기초가 사 센티미터 움직였다고 말했다.",
    ),
    "tr": (
        "Liman meclisi salı akşamı uzun bir tartışmanın ardından eski vapur iskelesinin kapatılmasına karar verdi.",
        "Doğu rıhtımındaki balıkçılar, soğuk hava depoları salona bitişik olduğu için kararın sonbahara kalmasını istemişti.",
        "Belediye başkanı tatilden önce hazır olacak ahşap bir iskele ve iki ayda bir halk toplantısı sözü verdi.",
        "Mühendisler toplantıda, kış fırtınalarından bu yana binanın temellerinin dört santimetre kaydığını söyledi.",
    ),
}
ALIKE = {("no", "da"), ("da", "no")}


@pytest.mark.parametrize("main", WHOLE)
def test_a_text_in_one_language_has_no_other(main: str) -> None:
    assert detect_language("\n".join(WHOLE[main])) == main
    assert other_languages("\n".join(WHOLE[main] * 3), main) == ()


@pytest.mark.parametrize("main", WHOLE)
@pytest.mark.parametrize("other", WHOLE)
def test_a_passage_in_another_language_is_named(main: str, other: str) -> None:
    text = "\n".join((*WHOLE[main] * 2, *WHOLE[other] * 2, *WHOLE[main]))

    assert other_languages(text, main) == (() if main == other or (main, other) in ALIKE else (other,))


@pytest.mark.parametrize("main", WHOLE)
@pytest.mark.parametrize("other", WHOLE)
def test_a_short_quotation_is_not(main: str, other: str) -> None:
    quotation = WHOLE[other][0][:60]
    text = "\n".join((*WHOLE[main], quotation, *WHOLE[main], f"{WHOLE[main][0]} «{quotation}»", *WHOLE[main]))

    assert other_languages(text, main) == ()


def test_several_passages_and_lists_of_names() -> None:
    text = "\n".join((*WHOLE["en"], *WHOLE["fa"], *WHOLE["de"], *WHOLE["en"]))
    names = "Ada Kern, Mona Lindqvist, Per Aas, Rui Tavares, Jean Moulinier, Ann Lee, Bo Ek, Ida Friis, Max Orth, Eva Rask, " * 3

    assert other_languages(text, "en") == ("fa", "de")
    assert other_languages("\n".join((*WHOLE["de"], names, *WHOLE["de"])), "de") == ()
    assert other_languages(text, None) == ()
    assert other_languages("", "en") == ()


_BITS = st.sampled_from(
    ["\n", "the and of ", "Łódź ", "שלום ", "װײַס ", "سلام ", "ةىي ", "你好", "こんにちは", "안녕 ", "ў і ", "ސ", "\ud800", "½ "]
)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(_BITS, st.integers(1, 60)), max_size=12), st.sampled_from([None, "en", "fa", "ja", "he", "xx", "zu", "uk"])
)
def test_any_text_has_an_answer(parts: list[tuple[str, int]], main: str | None) -> None:
    text = "".join(bit * count for bit, count in parts)

    assert main not in other_languages(text, main)
    detect_language(text, ("fa", None, ""))


def test_the_extraction_names_them(extract: Callable[..., Extraction]) -> None:
    texts = (*WHOLE["en"], *WHOLE["ar"], *WHOLE["en"])
    body = "".join(f"<p>{text}</p>" for text in texts)
    found = extract(f"<html><body><article><h1>Ferry terminal closes</h1>{body}</article></body></html>")

    assert (found.language, found.other_languages) == ("en", ("ar",))
