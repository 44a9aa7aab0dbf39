"""A dozen names as the world writes them: one rule finds every spelling, and nobody else who is called alike."""

from __future__ import annotations

import pytest

from aggregator.model.rule import Document, Entity
from aggregator.rules import compile_query

ALIASES: dict[str, tuple[str, ...]] = {
    "mek": (
        "Mujahedin-e Khalq",
        "Mojahedin-e Khalq",
        "Mudschahedin-e Chalq",
        "People's Mojahedin",
        "Volksmudschahedin",
        "=MEK",
        "=M.E.K.",
        "PMOI",
        "مجاهدین خلق",
        "مجاهدي خلق",
        "Моджахедин-э Халк",
        "人民圣战者",
    ),
    "rajavi": ("Rajavi", "Radschawi", "رجوی", "Раджави", "拉贾维", "ラジャヴィ", "라자비", "רג'אווי"),
    "tehran": (
        "Tehran",
        "Teheran",
        "Téhéran",
        "تهران",
        "طهران",
        "Тегеран",
        "德黑兰",
        "テヘラン",
        "테헤란",
        "Τεχεράνη",
        "טהרן",
        "तेहरान",
        "เตหะราน",
    ),
    "erdogan": ("Erdoğan", "Эрдоган", "اردوغان", "أردوغان", "埃尔多安", "エルドアン"),
    "reuters": ("Reuters", "رویترز", "Рейтер", "路透社", "ロイター"),
    "un": ("United Nations", "Vereinte Nationen", "=UN", "=U.N.", "سازمان ملل", "الأمم المتحدة", "ООН", "联合国", "国連"),
    "gorbachev": ("Gorbachev", "Gorbatschow", "Горбачёв", "گورباچف", "غورباتشوف", "戈尔巴乔夫", "ゴルバチョフ"),
    "lodz": ("Łódź", "Лодзь", "وودج"),
    "istanbul": ("İstanbul", "Стамбул", "استانبول", "إسطنبول"),
    "khamenei": ("Khamenei", "Chamenei", "خامنه‌ای", "خامنئي", "Хаменеи"),
    "who": ("World Health Organization", "=WHO", "=W.H.O.", "سازمان بهداشت جهانی", "世界卫生组织"),
    "oneill": ("O'Neill", "Ó Néill", "ОʼНил"),
}
FOUND: dict[str, tuple[str, ...]] = {
    "mek": (
        "the Mujahedin‑e‑Khalq said",
        "MOJAHEDIN-E KHALQ",
        "the M.E.K.’s office",
        "pro-MEK",
        "#MEK",
        "People’s Mojahedin",
        "die Volksmudschahedin",
        "سازمان مجاهدین خلق ایران",
        "مجاهدين خلق",
        "مُجاهدین\u200cخلق",
        "منظمة مجاهدي خلق",
        "Моджахедин-э-Халк",
        "伊朗人民圣战者组织",
        "PMOI/MEK",
    ),
    "rajavi": (
        "Maryam Rajavi’s plan",
        "RAJAVI",
        "Frau Radschawi",
        "مریم رجوی",
        "مريم رجوي",
        "رجــوی",
        "Марьям Раджави",
        "玛丽亚姆·拉贾维",
        "ｒａｊａｖｉ",
        "רג׳אווי",
    ),
    "tehran": (
        "TEHRAN",
        "Teheran-Reise",
        "à Téhéran",
        "Teherán",
        "تهــران",
        "في طهران",
        "в Тегеран",
        "在德黑兰",
        "テヘラン市",
        "테헤란에서",
        "ΤΕΧΕΡΑΝΗ",
        "तेहरान में",
        "กรุงเตหะราน",
    ),
    "erdogan": ("Erdogan", "ERDOĞAN’ın", "Erdog\u0306an", "اردوغان", "إردوغان", "Эрдоган", "埃尔多安总统", "ｴﾙﾄﾞｱﾝ"),
    "reuters": ("(Reuters)", "REUTERS/Staff", "رويترز", "رویترز", "Рейтер", "据路透社报道"),
    "un": (
        "the U.N. envoy",
        "a UN-led",
        "UNITED NATIONS",
        "سازمان ملل",
        "الامم المتحدة",
        "الأُمَم المُتَّحِدة",
        "в ООН",
        "联合国安理会",
        "国連は",
    ),
    "gorbachev": ("GORBACHEV", "Gorbatschows? Gorbatschow!", "Горбачев", "ГОРБАЧЁВ", "Горбаче\u0308в", "گورباچف", "غورباتشوف"),
    "lodz": ("lodz", "w Łódź-Widzew", "ŁÓDŹ", "Ło\u0301dz\u0301", "Лодзь"),
    "istanbul": ("Istanbul", "ISTANBUL", "ıstanbul", "İSTANBUL", "اسطنبول"),
    "khamenei": ("خامنه ای", "خامنهای", "خامنه\u200cاي", "Chamenei", "خامنئی"),
    "who": ("(WHO)", "the W.H.O.", "world-health organization", "世界卫生组织称"),
    "oneill": ("O’Neill", "O`NEILL", "O Neill", "Oʼneill", "ó néill", "О'Нил"),
}
NOT_FOUND: dict[str, tuple[str, ...]] = {
    "mek": (
        "the Mojahedin of the Islamic Revolution Organization",
        "سازمان مجاهدین انقلاب اسلامی",
        "mek",
        "the Mekong",
        "MEKs",
        "خلق مسلمان",
        "مجاهدین خلقی",
        "People who saw Mojahedin",
        "人民 and 圣战者",
    ),
    "rajavi": ("Rajavinte veedu", "Rajavis", "Maharajavi", "رجویان", "Раджавин", "رجو"),
    "tehran": ("Tehrangeles", "تهرانی", "德黑", "Teheraner"),
    "erdogan": ("Erdoganist", "اردوغانی"),
    "reuters": ("Reuterswärd", "Reuter", "路透"),
    "un": ("un homme", "Un plan", "the UNITED front of nations", "UNO", "united nation"),
    "gorbachev": ("Gorbachevite", "Горбачёва"),
    "lodz": ("Lodzer", "łódzki"),
    "istanbul": ("Istanbuler", "Stanbul"),
    "khamenei": ("خامنه", "Khameneiism"),
    "who": ("who said", "Who", "WHOLE", "world health organizations"),
    "oneill": ("Neill", "ONeill’s", "O'Neal"),
}
ENTITIES = {slug: Entity(slug, slug, aliases) for slug, aliases in ALIASES.items()}


@pytest.mark.parametrize(("slug", "text"), [(slug, text) for slug, texts in FOUND.items() for text in texts])
def test_a_name_is_found_however_it_is_written(slug: str, text: str) -> None:
    found = compile_query(f"@{slug}", ENTITIES).match(Document(text, f"x “{text}”"))
    assert found is not None
    assert {span.field for span in found.spans} == {"title", "body"}
    assert set(found.aliases) <= set(ALIASES[slug])


@pytest.mark.parametrize(("slug", "text"), [(slug, text) for slug, texts in NOT_FOUND.items() for text in texts])
def test_another_name_is_not_taken_for_it(slug: str, text: str) -> None:
    assert compile_query(f"@{slug}", ENTITIES).match(Document(text, text)) is None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("MEK and other solvents were stored", False),
        ("methyl ethyl ketone (MEK), a solvent", False),
        ("The MEK held a rally. A factory far away, in quite another town, stores solvents", True),
        ("MEK adhesive beside the road; later that day and in another place the MEK said", True),
    ],
)
def test_the_solvent_is_told_from_the_organisation(text: str, found: bool) -> None:
    query = "@mek NOT NEAR/6 (solvent* OR ketone OR adhesive*)"
    assert (compile_query(query, ENTITIES).match(Document("", text)) is not None) is found


def test_there_are_enough_names_and_spellings() -> None:
    assert len(FOUND) >= 12
    assert sum(map(len, FOUND.values())) >= 60
    assert NOT_FOUND.keys() == FOUND.keys() == ALIASES.keys()
