"""Lines of a text that are the page's and not the article's: read-also lines, invitations, share bars, labels, rights.

They are told by their words, in the languages that outlets write, and by where they stand. What could be the article's stays.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from aggregator.extract.document import squash

_READ_ALSO = r"""
    read (?:more|also|next|this|on) | also read | see also
    related(?: articles?| stor(?:y|ies)| news| coverage| content)? | more (?:on|from|about)\b
    more (?:stories|news|coverage) | watch(?: also| now)?: | don.t miss | recommended(?: for you)?
    you (?:may|might) (?:also )?like | up next | further reading | most (?:read|popular)
    lesen sie (?:auch|mehr|dazu|hier|weiter) | lies (?:auch|mehr) | mehr (?:zum thema|dazu|lesen|themen) | siehe auch
    auch interessant | (?:das|diese .{3,20}) könnten? (?:sie|dich|euch) .{0,12}interessieren | weiterlesen | zum thema
    (?:à )?lire (?:aussi|également) | à lire | lisez aussi | voir aussi | à découvrir | sur le même (?:sujet|thème)
    pour aller plus loin | nos articles | le[ae] (?:también|además|más) | te (?:puede|podría) interesar
    noticias? relacionadas? | más (?:información|noticias) | ver también | mira también | leggi (?:anche|di più|tutto)
    potrebbe interessar[tv]i | vedi anche | approfondi(?:sci|menti) | leia (?:também|mais) | veja (?:também|mais)
    saiba mais | lees (?:ook|meer|verder) | zie ook | bekijk ook | läs (?:också|även|mer) | se (?:även|også)
    les (?:også|mer) | læs (?:også|mere) | lue (?:myös|lisää) | katso myös
    (?:prze)?czytaj (?:także|też|również|więcej|dalej) | zobacz (?:także|też|również|więcej) | polecamy
    więcej na ten temat | (?:pře)?čtěte (?:také|si|více) | ayrıca (?:bkz|okuyun|bakınız) | ilgili haber(?:ler)?
    (?:bunlar da )?ilginizi çekebilir | haberin devamı | baca (?:juga|selengkapnya|lainnya) | simak (?:juga|pula)
    читайте (?:также|ещ[её]|також|далее) | смотрите также | дивіться також | (?:материалы )?по теме | вижте (?:още|също)
    прочетете още | διαβάστε (?:επίσης|ακόμη|ακόμα|περισσότερα|σχετικά) | δείτε (?:επίσης|ακόμη|ακόμα)
    (?:بیشتر|همچنین|بیش‌تر) بخوانید | (?:مطالب|اخبار|خبرهای) مرتبط | [اإ]قر[أا] (?:أيض[اًا]+|المزيد|ايضا)
    شاهد (?:أيض[اًا]+|المزيد) | (?:مواضيع|أخبار|مقالات) ذات صلة | طالع أيض[اًا]+ | קראו (?:גם|עוד) | לקריאה נוספת
    כתבות (?:נוספות|קשורות) | ראו גם | (?:延伸|相关|推荐|相關|推薦|更多)(?:閱讀|阅读|新闻|新聞|报道|報導|文章) | 看更多
    (?:繼續|继续)(?:閱讀|阅读) | 你可能(?:也|还|還|會|会) | 関連(?:記事|ニュース|リンク) | 【関連 | あわせて読みたい
    続きを読む | もっと(?:見る|読む) | おすすめ(?:記事)? | (?:관련|추천|주요)\s?(?:기사|뉴스) | 더\s?보기 | 함께 볼만한
    이 시각 (?:주요)?뉴스
"""
_LABELS = r"""
    advertise?ments? | (?:story|article) continues (?:below|after).{0,30} | continue reading.{0,30}
    (?:werbung|anzeige)(?: überspringen)? | (?:passer la )?publicité | publicidad | pubblicità | publicidade | advertentie
    annonse? | reklama? | реклама | διαφήμιση | إعلان(?:ات)? | تبلیغات | פרסומת | (?:廣|广|広)告 | 광고 | iklan
    share(?: this)?(?: (?:article|story|post|page))?(?: (?:on|via) .{3,20})? | teilen | partager(?: .{3,20})?
    compartir(?: .{3,20})? | condividi(?: .{3,20})? | compartilh(?:ar|e) | delen | dela | del | udostępnij
    поделиться(?: .{3,20})? | κοινοποίηση | paylaş | مشاركة | شارك | اشتراک[ ‌]?گذاری | שתפו | שיתוף | 分享(?:到.{1,10})?
    シェア(?:する)? | 공유(?:하기)? | facebook | twitter | x | whatsapp | telegram | linkedin | e-?mail | pinterest
    reddit | print | drucken | imprimer | imprimir | copy (?:link|url) | link kopieren | copier le lien
    listen(?: to (?:this )?article)?(?: .{0,14})? | save | merken
    \(?\d*\)? ?(?:comments?|kommentare?r?|commentaires?|comentarios?|comentários|commenti|reacties|komentarze|
    комментари[ийев]+|коментар[іи]|σχόλια|yorum(?:lar)?|نظرات|(?:ال)?تعليقات|תגובות|评论|評論|留言|コメント|댓글)(?: ?\(?\d*\)?)?
    (?:leave|post|add) (?:a|your) comments? | join the (?:conversation|discussion).{0,20} | tell us what you think.{0,4}
    be the first to comment.{0,3} | kommentar schreiben | submit a correction | report (?:an? )?(?:error|typo).{0,20}
    (?:reading time|lesezeit|temps de lecture|tiempo de lectura|tempo d[ei] l(?:eitura|ettura)|leestijd|время чтения|
    читати|okuma süresi|زمان مطالعه|czas czytania)\W{0,3}\d+ ?\w{1,10}\.?
    \d+[ -]?min(?:ute)?s?\.?(?: (?:read|lesezeit|de lect\w+|di lettura|de leitura))? | back to top | nach oben
    swipe.{0,30} | load more.{0,20} | show more | view (?:all|more) | skip to .{3,30} | close | play video
"""
_TAIL_LABELS = r"""
    (?:tags?|schlagw[oö]rte?r?|themen|stichwörter|topics|filed under|keywords|mots[- ]clés|thèmes|etiquetas|temas|
    argomenti|onderwerpen|etiketler|tagi|теги|темы|метки|ετικέτες|برچسب(?: ?ها|‌ها)?|(?:ال)?كلمات (?:ال)?(?:مفتاحية|
    دلالية)|وسوم|תגיות|标签|標籤|關鍵字|关键词|タグ|キーワード|태그) ?[:：]
    (?:©|\(c\)|ⓒ|copyright)
    (?:all rights reserved|alle rechte vorbehalten|tous droits réservés|todos los derechos reservados|tutti i diritti|
    todos os direitos|alle rechten|wszelkie prawa|все права защищены|усі права|tüm hakları|με επιφύλαξη|جميع الحقوق|
    كل الحقوق|تمامی حقوق|כל הזכויות|版[權权]所有|無断転載|저작권자|무단 ?전재)
"""
_INVITATIONS = r"""
    (?:sign up|subscribe|register)\b.{0,80}(?:newsletter|e-?mail|inbox|alerts?|updates|channel|for free|today)
    get .{3,60} (?:inbox|newsletter|app) | (?:follow|join|like|find) us on\b
    (?:follow|subscribe to) (?:our|the) .{2,40}(?:channel|page) | download (?:our|the) .{2,30} app
    click here (?:to|for)\b | to (?:continue|keep) reading | newsletter.{0,60}(?:sign up|subscribe)
    newsletter.{0,60}(?:abonnieren|anmelden|bestellen) | (?:abonnieren|folgen) sie (?:uns|unser)
    (?:abonniere|folge) (?:uns|den|unser) | (?:folgst|kennst) du schon | (?:inscrivez|abonnez)-vous
    (?:suivez|rejoignez)[- ]nous | suivez .{3,40}(?:application|whatsapp|google) | suscr[ií]be(?:te|se)
    s[ií]gue?(?:nos|enos) | síguenos | únete (?:a|al)  | recib[ae] .{3,60}(?:correo|newsletter|boletín)
    iscriviti (?:alla|al|a)  | seguici (?:su|anche) | (?:assine|inscreva-se) | siga(?:-nos)? .{0,20}(?:no|nas)\b
    schrijf (?:je|u) in | meld (?:je|u) aan | prenumerera på | följ oss | følg oss | zapisz się
    (?:obserwuj|polub|śledź) nas | подпи(?:шитесь|сывайтесь|шись) | читайте нас | следите за (?:нами|новостями)
    підпи(?:шіться|суйтесь|шись) | последвайте ни | (?:εγγραφείτε|ακολουθήστε|γραφτείτε) | abone ol
    takip ed(?:in|ebilirsiniz) | (?:اشترك|تابعونا|تابعنا|انضم إلى) | به کانال .{2,40} بپیوندید
    ما را در .{2,60} دنبال کنید | (?:הירשמו|הצטרפו|עקבו אחרינו)
    (?:訂閱|订阅|追蹤|关注|加入)(?:我[們们]|.{0,12}(?:LINE|頻道|频道|公众号|粉[絲丝]|好友|YouTube))
    (?:フォロー|登録)(?:する|してください|はこちら) | (?:구독|팔로우)(?:하기|하세요|해 ?주세요) | ikuti .{3,40} di\b
"""


def _compile(words: str, shape: str) -> re.Pattern[str]:
    """One pattern of the many in ``words``, set apart by `` | `` and line ends; a line that ends with ``|`` goes on."""
    whole = re.sub(r"\|\n\s*", "|", words.strip())
    parts = [part for line in whole.split("\n") for part in line.strip().split(" | ")]
    return re.compile(shape.format("|".join(parts)), re.IGNORECASE)


_LEADING = r"[\s\W_]{{0,6}}"
_READ = _compile(_READ_ALSO, _LEADING + r"(?:{})(?P<rest>.*)$")
_LABEL = _compile(_LABELS, r"[\W_]{{0,4}}(?:{})[\W_]{{0,4}}$")
_TAIL_LABEL = _compile(_TAIL_LABELS, _LEADING + r"(?:{})")
_INVITATION = _compile(_INVITATIONS, r"(?:{})")
_STOP = re.compile(r"[.!?。！？؟۔]['\"”’»)\]]*$")
_LONGEST_READ, _LONGEST_INVITATION, _EDGE_LINES = 220, 320, 4


def is_label(line: str) -> bool:
    """Whether a line is a word of the page's machinery: "Advertisement", "Share", "3 comments", "2 min read"."""
    return len(line) <= 90 and _LABEL.match(line) is not None


def is_read_also(line: str, *, linked: float = 0.0) -> bool:
    """Whether a line sends the reader to another article. ``linked`` is the share of it that is link, if known.

    A whole sentence that happens to begin so ("Related work was done …") is the article's.
    """
    if len(line) > _LONGEST_READ or not (found := _READ.match(line)):
        return False
    rest = found["rest"].strip()
    if not rest or rest[0] in ":：>»→|–—" or rest[-1] in ":：>»→":
        return True
    return linked >= 0.5 or not _STOP.search(rest)


def is_invitation(line: str) -> bool:
    """Whether a short line asks the reader to subscribe, follow or sign up."""
    return len(line) <= _LONGEST_INVITATION and _INVITATION.search(line) is not None


def is_byline(line: str, people: Sequence[str]) -> bool:
    """Whether a short line says hardly more than the names of ``people`` (authors and outlets)."""
    if len(line) > 120:
        return False
    rest = squash(line)
    whole = len(rest)
    for name in sorted((squash(name) for name in people), key=len, reverse=True):
        if len(name) > 2:
            rest = rest.replace(name, " ")
    left = sum(map(len, rest.split()))
    return left < whole and left <= 14 and left * 2 < whole


def without_remains(lines: Sequence[str], people: Sequence[str] = ()) -> list[str]:
    """``lines`` without the page's own. What stands at either end is judged more strictly than what stands inside."""
    kept = [line for line in lines if line and not (is_label(line) or is_read_also(line))]
    while kept and _is_end(kept[-1], people):
        kept.pop()
    edge = range(len(kept))[-_EDGE_LINES:]
    size = len(kept)
    kept = [line for place, line in enumerate(kept) if not ((place < 2 or place in edge) and size > 2 and is_invitation(line))]
    start = next((place for place, line in enumerate(kept[:_EDGE_LINES]) if not is_byline(line, people)), 0)
    return kept[start:]


def _is_end(line: str, people: Sequence[str]) -> bool:
    """Whether a last line is none of the article's: tags, rights, a byline, a label that nothing follows."""
    if len(line) <= 200 and _TAIL_LABEL.match(line):
        return True
    return (len(line) <= 80 and line[-1] in ":：") or is_byline(line, people)
