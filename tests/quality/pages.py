"""Pages of our own in many languages and layouts, with what stands around an article everywhere: the tests' labelled data.

The outlets, people and events are invented. Each page has a masthead, a breadcrumb, a share bar, a caption, read-also lines
inside the text, an invitation, tags, comments and teasers, in the words of its language; ``LAYOUTS`` differ in their build.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from tests.quality.text import Case


@dataclass(frozen=True, slots=True)
class Tongue:
    """An article in one language and the words that stand around it: ``furniture`` are home, section, share, read also, teaser,
    caption, invitation, tags, comments, a comment, advertisement."""

    code: str
    outlet: str
    title: str
    author: str
    byline: str
    paragraphs: tuple[str, ...]
    furniture: tuple[str, str, str, str, str, str, str, str, str, str, str]


TONGUES = (
    Tongue(
        "en", "Ellery Courier", "Council votes to close the old ferry terminal", "Ines Talvik", "By Ines Talvik",
        (
            "The harbour council of Port Ellery voted on Tuesday to close the old ferry terminal, after a debate of three hours.",
            "Fishermen from the eastern quay had asked for a delay until the autumn, because their cold store adjoins the hall.",
            "“We were told of it by the newspaper,” said the owner of the largest boat, who has moored there for twenty years.",
            "Engineers told the meeting that the foundations had moved by four centimetres since the winter storms.",
            "A decision on the new terminal, whose cost is put at eleven million crowns, is expected before the end of the year.",
        ),
        ("Home", "Harbour", "Share this article", "Read also: Pilots ask for a second lighthouse",
         "Lighthouse keeper retires after forty years", "The terminal on Monday. Photo: J. Lind",
         "Sign up for our free daily newsletter.", "Tags: harbour, ferry", "Comments (2)",
         "My grandfather built that hall, and it was never closed for a single day in all those years.", "Advertisement"),
    ),
    Tongue(
        "fr", "Le Phare d’Ellery", "Le conseil ferme l’ancien terminal des ferries", "Inès Talvik", "Par Inès Talvik",
        (
            "Le conseil du port d’Ellery a décidé mardi de fermer l’ancien terminal des ferries, après trois heures de débat.",
            "Les pêcheurs du quai est avaient demandé un délai jusqu’à l’automne, car leur dépôt touche le hall.",
            "« Nous l’avons appris par le journal », a déclaré le propriétaire du plus grand bateau, amarré là depuis vingt ans.",
            "Selon les ingénieurs, les fondations ont bougé de quatre centimètres depuis les tempêtes de l’hiver.",
            "La décision sur le nouveau terminal, estimé à onze millions de couronnes, est attendue avant la fin de l’année.",
        ),
        ("Accueil", "Port", "Partager", "À lire aussi : Les pilotes demandent un second phare",
         "Le gardien du phare part après quarante ans", "Le terminal lundi. Crédit : J. Lind",
         "Abonnez-vous à notre lettre du matin.", "Mots-clés : port, ferry", "Commentaires (2)",
         "Mon grand-père a construit ce hall, et il n’a jamais été fermé un seul jour pendant toutes ces années.",
         "Publicité"),
    ),
    Tongue(
        "de", "Ellerhafener Bote", "Hafenrat schließt den alten Fährterminal", "Ines Talvik", "Von Ines Talvik",
        (
            "Der Hafenrat von Ellerhafen hat am Dienstag nach langer Debatte beschlossen, den alten Fährterminal zu schließen.",
            "Die Fischer vom Ostkai hatten um Aufschub bis zum Herbst gebeten, weil ihr Kühlhaus an die Halle grenzt.",
            "„Wir haben es aus der Zeitung erfahren“, sagte der Eigner des größten Bootes, der seit zwanzig Jahren dort liegt.",
            "Ingenieure berichteten, die Fundamente hätten sich seit den Winterstürmen um vier Zentimeter bewegt.",
            "Über den neuen Terminal, der wohl elf Millionen Kronen kostet, soll bis Jahresende entschieden werden.",
        ),
        ("Startseite", "Hafen", "Teilen", "Lesen Sie auch: Lotsen fordern zweiten Leuchtturm",
         "Leuchtturmwärter geht nach vierzig Jahren", "Der Terminal am Montag. Foto: J. Lind",
         "Jetzt den Newsletter abonnieren!", "Schlagwörter: Hafen, Fähre", "Kommentare (2)",
         "Mein Großvater hat diese Halle gebaut, und sie war in all den Jahren nicht einen einzigen Tag geschlossen.",
         "Anzeige"),
    ),
    Tongue(
        "pl", "Kurier Ellerski", "Rada portu zamyka stary terminal promowy", "Inga Talwik", "Autor: Inga Talwik",
        (
            "Rada portu w Ellerze zdecydowała we wtorek o zamknięciu starego terminalu promowego po trzygodzinnej debacie.",
            "Rybacy ze wschodniego nabrzeża prosili o odroczenie do jesieni, ponieważ ich chłodnia przylega do hali.",
            "– Dowiedzieliśmy się z gazety – powiedział właściciel największej łodzi, który cumuje tam od dwudziestu lat.",
            "Inżynierowie poinformowali, że od zimowych sztormów fundamenty przesunęły się o cztery centymetry.",
            "Decyzja w sprawie nowego terminalu, wycenianego na jedenaście milionów koron, ma zapaść przed końcem roku.",
        ),
        ("Strona główna", "Port", "Udostępnij", "Czytaj też: Piloci chcą drugiej latarni",
         "Latarnik odchodzi po czterdziestu latach", "Terminal w poniedziałek. Fot. J. Lind",
         "Zapisz się na nasz newsletter.", "Tagi: port, prom", "Komentarze (2)",
         "Mój dziadek zbudował tę halę i przez te wszystkie lata nie była zamknięta ani jednego dnia.", "Reklama"),
    ),
    Tongue(
        "tr", "Ellery Postası", "Liman meclisi eski feribot terminalini kapatıyor", "İnci Talvik", "Yazan: İnci Talvik",
        (
            "Ellery liman meclisi salı akşamı üç saat süren tartışmanın ardından eski feribot terminalini kapatma kararı aldı.",
            "Doğu rıhtımındaki balıkçılar, soğuk hava depoları salona bitişik olduğu için sonbahara kadar süre istemişti.",
            "En büyük teknenin sahibi, “Bunu gazeteden öğrendik, yirmi yıldır buraya bağlanıyoruz” dedi.",
            "Mühendisler, kış fırtınalarından bu yana temellerin dört santimetre oynadığını toplantıda anlattı.",
            "Maliyeti on bir milyon kron olarak hesaplanan yeni terminal için kararın yıl sonundan önce verilmesi bekleniyor.",
        ),
        ("Anasayfa", "Liman", "Paylaş", "Ayrıca okuyun: Kılavuzlar ikinci fener istiyor",
         "Fener bekçisi kırk yıl sonra emekli oldu", "Terminal pazartesi günü. Fotoğraf: J. Lind",
         "Bültenimize abone olun!", "Etiketler: liman, feribot", "Yorumlar (2)",
         "Bu salonu dedem yaptı ve bunca yıl boyunca tek bir gün bile kapanmadı, şimdi nasıl kapanır.", "Reklam"),
    ),
    Tongue(
        "ru", "Эллерский вестник", "Совет порта закрывает старый паромный терминал", "Инна Тальвик", "Автор: Инна Тальвик",
        (
            "Совет порта Эллери во вторник вечером после трёхчасового обсуждения решил закрыть старый паромный терминал.",
            "Рыбаки восточного причала просили отсрочки до осени, потому что их холодильник примыкает к залу.",
            "«Мы узнали об этом из газеты», — сказал владелец самой большой лодки, который стоит там двадцать лет.",
            "Инженеры сообщили, что после зимних штормов фундамент сдвинулся на четыре сантиметра.",
            "Решение о новом терминале стоимостью одиннадцать миллионов крон ожидается до конца года.",
        ),
        ("Главная", "Порт", "Поделиться", "Читайте также: Лоцманы просят второй маяк",
         "Смотритель маяка уходит через сорок лет", "Терминал в понедельник. Фото: Й. Линд", "Подписывайтесь на наш канал.",
         "Теги: порт, паром", "Комментарии (2)",
         "Этот зал построил мой дед, и за все эти годы его не закрывали ни на один день.", "Реклама"),
    ),
    Tongue(
        "el", "Ο Φάρος του Έλερι", "Το συμβούλιο κλείνει τον παλιό σταθμό των πλοίων", "Ινώ Τάλβικ", "Συντάκτης: Ινώ Τάλβικ",
        (
            "Το συμβούλιο του λιμανιού του Έλερι αποφάσισε την Τρίτη να κλείσει τον παλιό σταθμό έπειτα από τρεις ώρες.",
            "Οι ψαράδες της ανατολικής αποβάθρας είχαν ζητήσει αναβολή ως το φθινόπωρο, επειδή η αποθήκη τους είναι δίπλα.",
            "«Το μάθαμε από την εφημερίδα», είπε ο ιδιοκτήτης του μεγαλύτερου σκάφους, που δένει εκεί είκοσι χρόνια.",
            "Οι μηχανικοί ανέφεραν ότι τα θεμέλια μετακινήθηκαν κατά τέσσερα εκατοστά μετά τις χειμερινές καταιγίδες.",
            "Η απόφαση για τον νέο σταθμό, με κόστος έντεκα εκατομμύρια κορώνες, αναμένεται πριν από το τέλος του έτους.",
        ),
        ("Αρχική", "Λιμάνι", "Κοινοποίηση", "Διαβάστε επίσης: Οι πλοηγοί ζητούν δεύτερο φάρο",
         "Ο φαροφύλακας φεύγει έπειτα από σαράντα χρόνια", "Ο σταθμός τη Δευτέρα. Φωτογραφία: Γ. Λιντ",
         "Εγγραφείτε στο ενημερωτικό μας δελτίο.", "Ετικέτες: λιμάνι, πλοία", "Σχόλια (2)",
         "Ο παππούς μου έχτισε αυτή την αίθουσα και δεν έκλεισε ούτε μία ημέρα όλα αυτά τα χρόνια.", "Διαφήμιση"),
    ),
    Tongue(
        "fa", "پیک بندر", "شورای بندر پایانهٔ قدیمی کشتی‌ها را می‌بندد", "مریم رضایی", "نویسنده: مریم رضایی",
        (
            "شورای بندر الری سه‌شنبه‌شب پس از سه ساعت گفت‌وگو رأی داد که پایانهٔ قدیمی کشتی‌های مسافربری بسته شود.",
            "ماهیگیران اسکلهٔ شرقی خواسته بودند این کار تا پاییز به تعویق بیفتد، زیرا سردخانهٔ آنان کنار سالن است.",
            "صاحب بزرگ‌ترین قایق که بیست سال است آنجا پهلو می‌گیرد گفت: «ما این خبر را از روزنامه شنیدیم.»",
            "مهندسان در نشست گفتند که پی ساختمان از توفان‌های زمستان تاکنون چهار سانتی‌متر جابه‌جا شده است.",
            "انتظار می‌رود تصمیم دربارهٔ پایانهٔ تازه که هزینهٔ آن یازده میلیون کرون برآورد شده تا پایان سال گرفته شود.",
        ),
        ("خانه", "بندر", "اشتراک‌گذاری", "بیشتر بخوانید: ناخداها فانوس دوم می‌خواهند",
         "فانوس‌بان پس از چهل سال بازنشسته شد", "پایانه در روز دوشنبه. عکس: ی. لیند", "ما را در کانال تلگرام دنبال کنید.",
         "برچسب‌ها: بندر، کشتی", "نظرات (۲)",
         "این سالن را پدربزرگ من ساخت و در همهٔ این سال‌ها حتی یک روز هم بسته نبود، حالا چرا.", "تبلیغات"),
    ),
    Tongue(
        "ar", "بريد الميناء", "مجلس الميناء يغلق محطة العبّارات القديمة", "سلمى الكاتب", "بقلم: سلمى الكاتب",
        (
            "قرر مجلس ميناء إيلري مساء الثلاثاء إغلاق محطة العبّارات القديمة بعد نقاش استمر ثلاث ساعات.",
            "وكان صيادو الرصيف الشرقي قد طلبوا تأجيل القرار حتى الخريف لأن مخزنهم المبرد ملاصق للقاعة.",
            "وقال صاحب أكبر قارب، وهو يرسو هناك منذ عشرين عاما: «علمنا بالأمر من الصحيفة».",
            "وأبلغ المهندسون الاجتماع بأن الأساسات تحركت أربعة سنتيمترات منذ عواصف الشتاء.",
            "ومن المنتظر أن يصدر القرار بشأن المحطة الجديدة، التي تقدر كلفتها بأحد عشر مليون كرونة، قبل نهاية العام.",
        ),
        ("الرئيسية", "الميناء", "مشاركة", "اقرأ أيضا: المرشدون يطلبون منارة ثانية", "حارس المنارة يتقاعد بعد أربعين عاما",
         "المحطة يوم الاثنين. تصوير: ي. ليند", "تابعونا على تلغرام لتصلكم الأخبار.",
         "الكلمات المفتاحية: الميناء، العبّارات", "التعليقات (2)",
         "جدي هو الذي بنى هذه القاعة ولم تغلق يوما واحدا طوال هذه السنين كلها فكيف تغلق الآن.", "إعلان"),
    ),
    Tongue(
        "he", "קול הנמל", "מועצת הנמל סוגרת את מסוף המעבורות הישן", "ענת טלביק", "מאת: ענת טלביק",
        (
            "מועצת נמל אלרי החליטה ביום שלישי בערב לסגור את מסוף המעבורות הישן, לאחר דיון שנמשך שלוש שעות.",
            "הדייגים מהרציף המזרחי ביקשו דחייה עד הסתיו, משום שמחסן הקירור שלהם צמוד לאולם.",
            "״נודע לנו על כך מהעיתון״, אמר בעליה של הסירה הגדולה ביותר, העוגן שם כבר עשרים שנה.",
            "מהנדסים סיפרו בישיבה כי היסודות זזו בארבעה סנטימטרים מאז סופות החורף.",
            "ההחלטה על המסוף החדש, שעלותו מוערכת באחד עשר מיליון כתרים, צפויה להתקבל לפני סוף השנה.",
        ),
        ("ראשי", "נמל", "שתפו", "קראו גם: הנתבים מבקשים מגדלור שני", "שומר המגדלור פורש אחרי ארבעים שנה",
         "המסוף ביום שני. צילום: י׳ לינד", "הירשמו לניוזלטר היומי שלנו.", "תגיות: נמל, מעבורת", "תגובות (2)",
         "סבא שלי בנה את האולם הזה, והוא לא נסגר אפילו ליום אחד בכל השנים האלה.", "פרסומת"),
    ),
    Tongue(
        "zh-tw", "艾樂日報", "港務會決議關閉舊渡輪碼頭", "王小明", "記者王小明／艾樂港報導",
        (
            "艾樂港務會週二晚間經過三小時討論後，決議關閉使用多年的舊渡輪碼頭，新航班將改停北側臨時棧橋。",
            "東岸漁民原本希望延到秋天再執行，因為他們的冷藏倉庫緊鄰候船大廳，搬遷需要不少時間。",
            "「我們是看報紙才知道的」，在當地停靠二十年的最大漁船船主說，希望港務會儘快說明補償辦法。",
            "工程師在會中指出，自從冬季風暴以來，碼頭地基已經位移四公分，繼續使用恐有安全疑慮。",
            "新碼頭造價估計為一千一百萬元，預計年底以前做出決定，屆時將由地方議會再次審議。",
        ),
        ("首頁", "港務", "分享", "延伸閱讀：引水人要求增建第二座燈塔", "燈塔守工作四十年後退休返鄉",
         "週一的渡輪碼頭。（圖／林攝）", "訂閱我們的電子報，每天掌握新聞。", "標籤：港口、渡輪", "留言 (2)",
         "這座大廳是我祖父蓋的，這麼多年來一天都沒有關閉過，現在怎麼說關就關。", "廣告"),
    ),
    Tongue(
        "zh-cn", "艾乐晚报", "港务会决定关闭旧轮渡码头", "李晓红", "作者：李晓红",
        (
            "艾乐港务会星期二晚上经过三个小时的讨论，决定关闭使用多年的旧轮渡码头，新航班将改停北侧临时栈桥。",
            "东岸渔民原本希望推迟到秋天再执行，因为他们的冷库紧挨着候船大厅，搬迁需要不少时间。",
            "“我们是看报纸才知道的”，在当地停靠二十年的最大渔船船主说，希望港务会尽快说明补偿办法。",
            "工程师在会上指出，自从冬季风暴以来，码头地基已经移动四厘米，继续使用恐怕不安全。",
            "新码头造价估计为一千一百万元，预计年底以前作出决定，届时将由地方议会再次审议。",
        ),
        ("首页", "港务", "分享", "相关阅读：引水员要求增建第二座灯塔", "灯塔看守工作四十年后退休回乡",
         "星期一的轮渡码头。林摄", "关注我们的公众号，每天了解新闻。", "标签：港口、轮渡", "评论 (2)",
         "这座大厅是我祖父盖的，这么多年来一天都没有关闭过，现在怎么说关就关。", "广告"),
    ),
    Tongue(
        "ja", "エラリー新報", "港湾評議会、旧フェリー埠頭の閉鎖を決定", "田中一郎", "文・田中一郎",
        (
            "エラリー港の評議会は火曜日の夜、三時間にわたる議論の末、長年使われてきた旧フェリー埠頭の閉鎖を決めた。",
            "東岸の漁師たちは、冷蔵倉庫が待合室に隣接しているため、秋まで実施を延ばすよう求めていた。",
            "「新聞で初めて知った」と、二十年前からここに停泊している最大の漁船の船主は話した。",
            "技術者らは会議で、冬の嵐以来、埠頭の基礎が四センチ動いたと報告し、使用を続けるのは危険だと述べた。",
            "新しい埠頭の費用は千百万クローネと見積もられており、年末までに結論が出る見通しだ。",
        ),
        ("ホーム", "港湾", "シェア", "関連記事：水先人、二つ目の灯台を要望", "灯台守が四十年の勤めを終えて引退",
         "月曜日の埠頭（リンド撮影）", "メールマガジンに登録する", "タグ：港、フェリー", "コメント (2)",
         "この待合室は私の祖父が建てたもので、これまで一日も閉まったことはありませんでした。", "広告"),
    ),
    Tongue(
        "ko", "엘러리 신문", "항만위원회, 옛 여객선 터미널 폐쇄 결정", "홍길동", "홍길동 기자",
        (
            "엘러리 항만위원회는 화요일 저녁 세 시간에 걸친 토론 끝에 오랫동안 써 온 옛 여객선 터미널을 폐쇄하기로 했다.",
            "동쪽 부두의 어민들은 냉동 창고가 대합실과 붙어 있다며 가을까지 미뤄 달라고 요청해 왔다.",
            "이십 년째 이곳에 배를 대 온 가장 큰 어선의 선주는 “우리는 신문을 보고서야 알았다”고 말했다.",
            "기술자들은 회의에서 겨울 폭풍 이후 터미널의 기초가 사 센티미터 움직였다고 보고했다.",
            "천백만 크로네로 추산되는 새 터미널에 대한 결정은 올해가 가기 전에 나올 것으로 보인다.",
        ),
        ("홈", "항만", "공유하기", "관련기사: 도선사들, 두 번째 등대 요구", "등대지기 사십 년 만에 은퇴하고 고향으로",
         "월요일의 터미널. 사진 린드", "뉴스레터 구독하기", "태그: 항만, 여객선", "댓글 2",
         "이 대합실은 우리 할아버지가 지은 것이고 그 오랜 세월 동안 하루도 닫힌 적이 없습니다.", "광고"),
    ),
)  # fmt: skip

LONG = 3
"""How often each layout repeats the article's middle with other numbers, so that texts are as long as news is."""


def _paragraphs(tongue: Tongue) -> list[str]:
    first, *middle, last = tongue.paragraphs
    return [first, *(f"{text} ({number})" if number else text for number in range(LONG) for text in middle), last]


def _teasers(tongue: Tongue, number: int = 5) -> str:
    teaser = tongue.furniture[4]
    return "".join(
        f'<div class="item"><a href="/other/{n}"><h3>{teaser} {n}</h3></a><p>{teaser} {n}.</p></div>' for n in range(number)
    )


def _head(tongue: Tongue, extra: str = "") -> str:
    direction = "rtl" if tongue.code in ("fa", "ar", "he") else "ltr"
    return (
        f'<!DOCTYPE html><html lang="{tongue.code}" dir="{direction}"><head><meta charset="utf-8"><title>{tongue.title} '
        f"| {tongue.outlet}"
        f'</title><meta property="og:site_name" content="{tongue.outlet}"><meta property="og:title" '
        f'content="{tongue.title}">{extra}</head>'
    )


def blog(tongue: Tongue) -> str:
    """The layout of blog software: classes that say what is what."""
    home, section, share, also, teaser, caption, invitation, tags, comments, remark, ad = tongue.furniture
    texts = _paragraphs(tongue)
    inside = "".join(f"<p>{text}</p>" for text in texts[:4])
    rest = "".join(f"<p>{text}</p>" for text in texts[4:])
    return (
        f'{_head(tongue)}<body class="post-template single has-sidebar"><header id="masthead"><a href="/">'
        f"{tongue.outlet}</a><nav><ul>"
        f'<li><a href="/">{home}</a></li><li><a href="/s">{section}</a></li></ul></nav></header><div '
        f'class="breadcrumbs"><a href="/">{home}</a>'
        f' › <a href="/s">{section}</a> › {tongue.title}</div><main><article class="post hentry tag-share '
        'category-news"><h1 class="entry-title">'
        f'{tongue.title}</h1><p class="byline">{tongue.byline}</p><div class="entry-content"><figure><img src="a.jpg">'
        f"<figcaption>{caption}"
        f'</figcaption></figure>{inside}<p><strong><a href="/other/9">{also}</a></strong></p><div class="advert">'
        f"{ad}</div>{rest}"
        f'<p>{invitation}</p></div><div class="share">{share}: <a href="#">Facebook</a> <a href="#">X</a></div><p '
        f'class="tags">{tags}</p>'
        f'</article><section class="related"><h2>{teaser}</h2>{_teasers(tongue)}</section><div id="comments"><h2>'
        f"{comments}</h2><ol><li><p>"
        f"{remark}</p></li><li><p>{remark} 2</p></li></ol></div></main><aside id='sidebar'>{_teasers(tongue, 8)}</aside>"
        f"<footer>© {tongue.outlet}"
        "</footer></body></html>"
    )


def portal(tongue: Tongue) -> str:
    """The layout of portals: the text in one element, its paragraphs set apart by line breaks, and names that say little."""
    home, section, share, also, teaser, caption, invitation, tags, comments, remark, ad = tongue.furniture
    lines = "<br><br>\n".join(_paragraphs(tongue))
    links = "".join(f'<li><a href="/other/{n}">{teaser} {n}</a></li>' for n in range(12))
    return (
        f'{_head(tongue)}<body><div id="wrap"><div class="gnb"><a href="/">{home}</a><a href="/s">{section}</a></div>'
        '<div class="view">'
        f'<div class="tit"><h3>{tongue.title}</h3><span>{tongue.byline}</span><span>2024.03.20 09:30</span></div><div '
        f'class="sns"><a href="#">{share}'
        '</a><a href="#">Facebook</a></div><div class="cont" id="articleBody"><table class="pic"><tr><td><img '
        'src="a.jpg"></td></tr><tr><td class='
        f'"caption">{caption}</td></tr></table>{lines}<br><br><a href="/other/9">{also}</a><br>{invitation}</div><div '
        f'class="kwd">{tags}</div>'
        f'<div class="adbox ad">{ad}</div><ul class="lst">{links}</ul><div class="reply comment-list"><h4>'
        f"{comments}</h4><p>{remark}</p><p>{remark} 2"
        f'</p></div></div><div class="rank"><ol>{links}</ol></div></div></body></html>'
    )


def app(tongue: Tongue) -> str:
    """The layout of page builders: nested, nameless, each paragraph in boxes of its own; JSON-LD says who and what."""
    home, section, share, also, teaser, caption, invitation, tags, comments, remark, ad = tongue.furniture
    node = {
        "@context": "https://schema.org",
        "@graph": [
            {"@type": "BreadcrumbList", "itemListElement": [{"name": home}, {"name": section}, {"name": tongue.title}]},
            {"@type": ["ReportageNewsArticle"], "headline": tongue.title, "author": [{"@type": "Person", "name": tongue.author}],
             "publisher": {"@type": "Organization", "name": tongue.outlet}},
        ],
    }  # fmt: skip
    script = f'<script type="application/ld+json">{json.dumps(node)}</script>'
    boxes = [
        f'<div class="sc-a x{n}"><div class="sc-b"><p class="t1">{text}</p></div></div>'
        for n, text in enumerate(_paragraphs(tongue))
    ]
    boxes.insert(2, f'<div class="sc-a"><div class="sc-c"><a href="/other/9"><span>{also}</span></a></div></div>')
    boxes.insert(5, f'<div class="sc-a"><div class="newsletter-box"><p>{invitation}</p></div></div><div class="sc-ad">{ad}</div>')
    return (
        f'{_head(tongue, script)}<body><div id="root"><div class="sc-h"><a href="/">{home}</a> <a href="/s">'
        f'{section}</a></div><div class="sc-m"><div>'
        f'<h1>{tongue.title}</h1><div class="sc-by"><a href="/author/1">{tongue.author}</a><span>{share}</span></div>'
        '<figure><img src="a.jpg">'
        f"<figcaption>{caption}</figcaption></figure></div><div class='sc-w'>{''.join(boxes)}</div><div class='topics'>"
        f"{tags}</div></div>"
        f'<div class="sc-m"><h2>{teaser}</h2>{_teasers(tongue, 6)}</div><div class="comments-section"><h3>'
        f"{comments}</h3><p>{remark}</p></div>"
        '<div role="dialog" aria-modal="true"><p>We and our partners use cookies. Accept or reject all cookies.</p>'
        "</div></div></body></html>"
    )


LAYOUTS: tuple[Callable[[Tongue], str], ...] = (blog, portal, app)


def cases() -> list[Case]:
    """Every article in every layout."""
    return [
        Case(
            f"{tongue.code}-{layout.__name__}", layout(tongue).encode(), f"https://outlet.example/s/{tongue.code}-{number}",
            "\n".join(_paragraphs(tongue)), tongue.title, (tongue.author,),
            tongue.code, tongue.code in ("zh-tw", "zh-cn", "ja", "ko"),
        )
        for tongue in TONGUES
        for number, layout in enumerate(LAYOUTS)
    ]  # fmt: skip
