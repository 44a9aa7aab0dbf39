"""Names of months in some forty languages, and of the months of the Persian and the Islamic calendar."""

from __future__ import annotations

import unicodedata
from functools import cache

# What two languages use for two months is read as the first has it: "listopada" is November, as in Polish, not Croatia's October.
_MONTHS = """
january february march april may june july august september october november december
januar februar märz april mai juni juli august september oktober november dezember
jänner feber mär apr mai jun jul aug sept okt nov dez
janvier février mars avril mai juin juillet août septembre octobre novembre décembre
enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre
janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro
gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre
januari februari maart april mei juni juli augustus september oktober november december
januari februari mars april maj juni juli augusti september oktober november december
januar februar mars april mai juni juli august september oktober november desember
januar februar marts april maj juni juli august september oktober november december
tammikuuta helmikuuta maaliskuuta huhtikuuta toukokuuta kesäkuuta heinäkuuta elokuuta syyskuuta lokakuuta marraskuuta joulukuuta
stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia
ledna února března dubna května června července srpna září října listopadu prosince
január február március április május június július augusztus szeptember október november december
ianuarie februarie martie aprilie mai iunie iulie august septembrie octombrie noiembrie decembrie
ocak şubat mart nisan mayıs haziran temmuz ağustos eylül ekim kasım aralık
januari februari maret april mei juni juli agustus september oktober november desember
января февраля марта апреля мая июня июля августа сентября октября ноября декабря
январь февраль март апрель май июнь июль август сентябрь октябрь ноябрь декабрь
січня лютого березня квітня травня червня липня серпня вересня жовтня листопада грудня
януари февруари март април май юни юли август септември октомври ноември декември
ιανουαρίου φεβρουαρίου μαρτίου απριλίου μαΐου ιουνίου ιουλίου αυγούστου σεπτεμβρίου οκτωβρίου νοεμβρίου δεκεμβρίου
ιανουάριος φεβρουάριος μάρτιος απρίλιος μάιος ιούνιος ιούλιος αύγουστος σεπτέμβριος οκτώβριος νοέμβριος δεκέμβριος
siječnja veljače ožujka travnja svibnja lipnja srpnja kolovoza rujna listopada studenoga prosinca
januara februara marta aprila maja juna jula avgusta septembra oktobra novembra decembra
januára februára marca apríla mája júna júla augusta septembra októbra novembra decembra
јануара фебруара марта априла маја јуна јула августа септембра октобра новембра децембра
студзеня лютага сакавіка красавіка мая чэрвеня ліпеня жніўня верасня кастрычніка лістапада снежня
sausio vasario kovo balandžio gegužės birželio liepos rugpjūčio rugsėjo spalio lapkričio gruodžio
janvārī februārī martā aprīlī maijā jūnijā jūlijā augustā septembrī oktobrī novembrī decembrī
jaanuar veebruar märts aprill mai juuni juuli august september oktoober november detsember
gener febrer març abril maig juny juliol agost setembre octubre novembre desembre
ינואר פברואר מרץ אפריל מאי יוני יולי אוגוסט ספטמבר אוקטובר נובמבר דצמבר
يناير فبراير مارس أبريل مايو يونيو يوليو أغسطس سبتمبر أكتوبر نوفمبر ديسمبر
جانفي فيفري مارس أفريل ماي جوان جويلية أوت سبتمبر أكتوبر نوفمبر ديسمبر
كانون-الثاني شباط آذار نيسان أيار حزيران تموز آب أيلول تشرين-الأول تشرين-الثاني كانون-الأول
ژانویه فوریه مارس آوریل مه ژوئن ژوئیه اوت سپتامبر اکتبر نوامبر دسامبر
کانوونی-دووەم شوبات ئازار نیسان ئایار حوزەیران تەممووز ئاب ئەیلوول تشرینی-یەکەم تشرینی-دووەم کانوونی-یەکەم
جنوری فروری مارچ اپریل مئی جون جولائی اگست ستمبر اکتوبر نومبر دسمبر
जनवरी फरवरी मार्च अप्रैल मई जून जुलाई अगस्त सितंबर अक्टूबर नवंबर दिसंबर
"""
_SOLAR = "فروردین اردیبهشت خرداد تیر مرداد شهریور مهر آبان آذر دی بهمن اسفند"
_LUNAR = """
محرم صفر ربیع-الاول ربیع-الثانی جمادی-الاولی جمادی-الثانیه رجب شعبان رمضان شوال ذوالقعده ذوالحجه
محرم صفر ربیع-الاول ربیع-الاخر جمادی-الاول جمادی-الاخره رجب شعبان رمضان شوال ذی-القعده ذی-الحجه
محرم صفر ربیع-الاول ربیع-الثانی جمادی-الاولی جمادی-الثانی رجب شعبان رمضان شوال ذیقعده ذیحجه
"""
SOLAR, LUNAR = 100, 200
"""What is added to the number of a month (1 to 12) of the Persian and of the Islamic calendar."""


_LETTERS = str.maketrans({"ي": "ی", "ى": "ی", "ك": "ک", "ة": "ه", "\u200c": None, "\u200d": None, "\u0640": None, "-": None})


def month_number(*words: str | None) -> int:
    """The number of a month by its name, which may be of two words; 0 if it is none. See ``SOLAR`` and ``LUNAR``."""
    name = "".join(_plain(word) for word in words if word)
    months = _months()
    # Hebrew writes "of May" in one word.
    return months.get(name) or (months.get(name[1:], 0) if name[:1] == "ב" else 0)


def _plain(word: str) -> str:
    """A name without case, accents, blanks, and the two spellings of yeh, kaf and teh marbuta."""
    word = unicodedata.normalize("NFKD", word.casefold().translate(_LETTERS))
    return "".join(char for char in word if not unicodedata.combining(char))


@cache
def _months() -> dict[str, int]:
    """Names and usual abbreviations (the first three and four letters)."""
    table: dict[str, int] = {}
    rows = _rows(_MONTHS)
    for row in rows:
        for number, name in enumerate(row, 1):
            table.setdefault(name, number)
    table |= {name: SOLAR + number for row in _rows(_SOLAR) for number, name in enumerate(row, 1)}
    for row in _rows(_LUNAR):
        for number, name in enumerate(row, 1):
            table.setdefault(name, LUNAR + number)
    for row in rows:
        for number, name in enumerate(row, 1):
            if "a" <= name[0] <= "z" or "а" <= name[0] <= "я":
                table.setdefault(name[:3], number)
                table.setdefault(name[:4], number)
    return table


def _rows(names: str) -> list[list[str]]:
    return [[_plain(name) for name in line.split()] for line in names.split("\n") if line]
