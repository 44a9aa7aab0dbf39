"""Persian, with its digits, and days in the calendar of Iran.

Readers of Persian news live by the Solar Hijri calendar, and outlets date by it; the mail's own date names the Gregorian day
beside it, for most of what is cited is dated by that one.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache

from aggregator.letter.words import NO_BREAK, Words
from aggregator.model.anomaly import Subject
from aggregator.model.page import FailureKind

_DIGITS = "۰۱۲۳۴۵۶۷۸۹"
_WEEKDAYS = ("دوشنبه", "سه‌شنبه", "چهارشنبه", "پنجشنبه", "جمعه", "شنبه", "یکشنبه")
_MONTHS = ("فروردین", "اردیبهشت", "خرداد", "تیر", "مرداد", "شهریور", "مهر", "آبان", "آذر", "دی", "بهمن", "اسفند")
_GREGORIAN = (
    "ژانویه", "فوریه", "مارس", "آوریل", "مه", "ژوئن", "ژوئیه", "اوت", "سپتامبر", "اکتبر", "نوامبر", "دسامبر",
)  # fmt: skip
_START, _FIRST = date(1921, 3, 21), 1300
_LEAP = frozenset({1, 5, 9, 13, 17, 22, 26, 30})
_CYCLE, _DAYS_OF_CYCLE = 33, 33 * 365 + 8


@lru_cache(1024)
def solar_hijri(day: date) -> tuple[int, int, int]:
    """Year, month and day in the calendar of Iran, by the 33-year cycle: right for the years 1300 to 1499 (1921 to 2121)."""
    cycles, passed = divmod((day - _START).days, _DAYS_OF_CYCLE)
    year = _FIRST + _CYCLE * cycles
    while passed >= (length := 366 if year % _CYCLE in _LEAP else 365):
        passed -= length
        year += 1
    month = passed // 31 if passed < 186 else 6 + (passed - 186) // 30
    return year, month + 1, passed - (31 * month if month < 7 else 186 + 30 * (month - 6)) + 1


def _day(day: date, with_year: bool) -> str:
    year, month, number = solar_hijri(date(day.year, day.month, day.day))
    said = f"{_WEEKDAYS[day.weekday()]} {number} {_MONTHS[month - 1]}"
    if with_year:
        said += f" {year} ({day.day} {_GREGORIAN[day.month - 1]} {day.year})"
    return said.translate(str.maketrans("0123456789", _DIGITS))


PERSIAN = Words(
    language="fa",
    plural=lambda _: 0,  # a noun after a number stays in the singular
    write_day=_day,
    dated_clock=f"{{day}}، ساعت{NO_BREAK}{{clock}}",
    digits=_DIGITS,
    thousands="٬",
    quote="«{}»",
    comma="، ",
    semicolon="؛ ",
    colon=": ",
    rise="{n}٪ بیشتر",
    fall="{n}٪ کمتر",
    level="بی‌تغییر",
    manifold="{n} برابر",
    languages={
        "ar": "عربی", "az": "آذربایجانی", "bn": "بنگالی", "ckb": "کردی سورانی", "cs": "چکی", "da": "دانمارکی",
        "de": "آلمانی", "el": "یونانی", "en": "انگلیسی", "es": "اسپانیایی", "fa": "فارسی", "fi": "فنلاندی", "fr": "فرانسوی",
        "he": "عبری", "hi": "هندی", "hu": "مجاری", "hy": "ارمنی", "id": "اندونزیایی", "it": "ایتالیایی",
        "ja": "ژاپنی", "ka": "گرجی", "ko": "کره‌ای", "ku": "کردی", "nl": "هلندی", "no": "نروژی",
        "pl": "لهستانی", "ps": "پشتو", "pt": "پرتغالی", "ro": "رومانیایی", "ru": "روسی", "sq": "آلبانیایی",
        "sr": "صربی", "sv": "سوئدی", "th": "تایلندی", "tr": "ترکی", "ug": "اویغوری", "uk": "اوکراینی", "ur": "اردو",
        "vi": "ویتنامی", "zh": "چینی",
    },
    failures={
        FailureKind.BLOCKED: "به‌دست نگهبان خودمان رد شد",
        FailureKind.DNS: "نام آن پیدا نمی‌شود",
        FailureKind.CONNECT: "اتصال برقرار نمی‌شود",
        FailureKind.TLS: "گواهی یا رمزنگاری آن خراب است",
        FailureKind.TIMEOUT: "به‌موقع پاسخ نمی‌دهد",
        FailureKind.PROTOCOL: "پاسخ‌های خراب می‌دهد",
        FailureKind.REDIRECTS: "بی‌پایان به نشانی دیگر می‌فرستد",
        FailureKind.HTTP: "با خطا پاسخ می‌دهد",
        FailureKind.TOO_BIG: "بیش از اندازه بزرگ است",
        FailureKind.ENCODING: "رمزگذاری آن خوانا نیست",
        FailureKind.TRUNCATED: "پاسخ نیمه‌کاره می‌ماند",
        FailureKind.NOT_A_FEED: "خوراک نیست",
        FailureKind.NOT_A_PAGE: "صفحه نیست",
        FailureKind.CHALLENGE: "می‌خواهد انسان ببیند",
        FailureKind.ROBOTS: "از برنامه‌ها می‌خواهد نیایند",
        FailureKind.CRASHED: "تجزیه‌پذیر نیست",
    },
    subjects={Subject.RULE: "قاعده", Subject.ENTITY: "نام", Subject.SOURCE: "منبع"},
    notes={
        "the page asks for consent to cookies in the place of its article":
            "صفحه به‌جای مطلب، رضایت به کوکی‌ها را می‌خواهد",
        "the page shows only the beginning, the rest to subscribers": "صفحه فقط آغاز مطلب را نشان می‌دهد و بقیه را به مشترکان",
        "page text is much shorter than the feed's": "متن صفحه بسیار کوتاه‌تر از متن خوراک است",
        "no text found on the page": "متنی در صفحه پیدا نشد",
        "no text found on the page or in the feed": "نه در صفحه متنی پیدا شد نه در خوراک",
        "page could not be parsed": "صفحه تجزیه‌پذیر نبود",
        "page is {0}, not HTML": "نوع صفحه {0} است، نه HTML",
        "page has a tag of more than {0} attributes: the rest of them was left out":
            "صفحه برچسبی با بیش از {0} ویژگی دارد: بقیه کنار گذاشته شد",
        "Only the headline: page and feed text could not be read.": "فقط عنوان: نه متن صفحه خوانده شد نه متن خوراک.",
        "Text from the feed: the page answered {0}.": "متن از خوراک است: پاسخ صفحه {0} بود.",
        "Text from the feed: the page did not answer in time.": "متن از خوراک است: صفحه به‌موقع پاسخ نداد.",
        "Text from the feed: the link is not one that we may follow.": "متن از خوراک است: اجازهٔ دنبال‌کردن این پیوند را نداریم.",
        "Text from the feed: the link leads to {0}.": "متن از خوراک است: پیوند به {0} می‌رسد.",
        "Text from the feed: the page is too big.": "متن از خوراک است: صفحه بیش از اندازه بزرگ است.",
        "Text from the feed: the page could not be read.": "متن از خوراک است: صفحه خواندنی نبود.",
        "Text from the feed: the outlet asks programs not to read its page.":
            "متن از خوراک است: رسانه از برنامه‌ها می‌خواهد صفحه‌اش را نخوانند.",
        "Text from the feed: the page wants to see a human.": "متن از خوراک است: صفحه می‌خواهد انسان ببیند.",
        "Text from the feed: the page could not be had.": "متن از خوراک است: صفحه به دست نیامد.",
        "Changed after publication: found only since.": "پس از انتشار تغییر کرده و تازه از آن هنگام یافته شده است.",
        "Changed after publication: {0}.": "پس از انتشار تغییر کرده است: {0}.",
        "the headline was “{0}”": "عنوان پیشین: «{0}»",
        "{0} was added": "{0} افزوده شد",
        "{0} was taken out": "{0} حذف شد",
        "the rule finds it no more": "قاعده دیگر آن را نمی‌یابد",
    },
    articles=("{n} مطلب",),
    stories=("{n} خبر",),
    outlets=("{n} رسانه",),
    new_stories=("{n} خبر تازه",),
    days_ago=("منتشرشده {n} روز پیش",),
    copies=("و {n} مطلب دیگر",),
    more_stories=("و {n} خبر دیگر",),
    more_rules=("و {n} قاعدهٔ دیگر که نتیجه داشت",),
    other_rules=("و {n} قاعدهٔ دیگر",),
    more_sources=("و {n} منبع دیگر",),
    more_outlets=("و {n} رسانهٔ دیگر",),
    changes=("{n} مطلب پس از انتشار تغییر کرد",),
    more_changed=("و {n} مطلب تغییریافتهٔ دیگر",),
    earlier_changes=("و {n} تغییر پیشین",),
    failing=("{n} منبع خوانده نمی‌شود",),
    gap=("نزدیک به {n} مطلب، منتشرشده میان {after} و {before}، پیش از آمدن ما از خوراک رفته بود",),
    missed=("در {n} روز پیش از این بولتنی فرستاده نشد؛ این نامه آن روزها را هم در بر دارد.",),
    digest_of="{instance}: بولتن {day}",
    clipping_of="{instance}: {rule}، {day}",
    alert="فوری",
    alert_of="{instance}: خبر فوری {day}",
    window="از {start} تا {end} ({zone})",
    versus="{percent} نسبت به میانهٔ ۷ روز",
    bars="مطلب در روز، از قدیم به جدید: {days}",
    bars_now="در این بولتن: {now}",
    top_stories="مهم‌ترین خبرها",
    stories_of_rule="خبرها",
    new="تازه",
    continuing="ادامه‌دار",
    also_in="همچنین در",
    more_on="بیشتر در این باره",
    wording="نام‌ها در این متن",
    shown_above="در {rule} هم یافته شد؛ بالاتر آمده است.",
    undated="بدون تاریخ",
    untitled="(بدون عنوان)",
    nothing="در این بازه چیزی یافته نشد.",
    no_matches="بدون نتیجه",
    changed="تغییریافته پس از انتشار",
    watched_by="زیر نظر",
    new_outlets="رسانه‌های تازه",
    first_under="نخستین بار در {rules}",
    quiet="بدون نتیجه برای",
    usual="معمولاً {n} در روز",
    health="منبع‌هایی که خوانده نمی‌شوند",
    silent="منبع‌هایی که خاموش شده‌اند",
    gaps="مطلب‌هایی که از دست رفت",
    unusual="حجم‌های نامعمول",
    spike="{counted} در ۲۴ ساعت تا {at}، معمولاً {usual}",
    silence="{counted} در ۲۴ ساعت تا {at}، انتظار می‌رفت {usual}",
    spike_of="جهش",
    silence_of="سکوت",
    expected="انتظار می‌رفت {usual}",
    usually="معمولاً {usual}",
    within="{n} ± {spread}",
    blind="آنچه این رسانه‌ها در این میان منتشر کرده‌اند در این نامه نیست.",
    away="کسی به منبع‌ها نگاه نکرد {spans}؛ آنچه در این میان از خوراک‌ها بیرون رفت شاید در این نامه نباشد.",
    between="میان {start} و {end}",
    since="از {at}",
    next_try="تلاش بعدی {at}",
    others="و {n} مورد دیگر",
    follows="و {n} مورد دیگر، در ایمیل بعدی",
    now_in="پیش‌تر گفته شد، اکنون در {counted}: {headline}",
    over_cap="{rule}: و {counted} دیگر، در بولتن بعدی شما",
    of_storm="آنچه همراه آن آمد در بولتن بعدی شماست.",
    unanswered="«{recipient}» هنوز دریافت این را تأیید نکرده است.",
    acknowledge="تأیید دریافت",
    snooze="تا یک روز دیگر در این باره خبر فوری نفرست",
    urgent="بسیار فوری",
    why_digest="این بولتن برای شما می‌آید چون {instance} شما را با نام «{recipient}» در فهرست خوانندگان دارد.",
    why_alert="این خبر فوری برای شما می‌آید چون {instance} شما را با نام «{recipient}» در فهرست خوانندگانِ خبر فوری دارد.",
    change=(
        "برای تغییر قاعده‌ها، روزها یا ساعت‌ها، یا برای پایان دادن به آن، از گردانندگان {instance} "
        "بخواهید خوانندهٔ «{recipient}» را ویرایش کنند."
    ),
    view="دیدن در مرورگر",
    edit_rules="ویرایش قاعده‌ها",
    pause="یک هفته درنگ",
    unsubscribe="لغو اشتراک",
)  # fmt: skip
