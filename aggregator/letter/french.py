"""French. A no-break space stands before what has two parts (: ; ? % »), as the Imprimerie nationale sets it."""

from __future__ import annotations

from datetime import date

from aggregator.letter.words import LATIN_DIGITS, MINUS, NO_BREAK, Words
from aggregator.model.anomaly import Subject
from aggregator.model.page import FailureKind

_WEEKDAYS = ("lun.", "mar.", "mer.", "jeu.", "ven.", "sam.", "dim.")
_MONTHS = ("janv.", "févr.", "mars", "avr.", "mai", "juin", "juill.", "août", "sept.", "oct.", "nov.", "déc.")


def _day(day: date, with_year: bool) -> str:
    year = f" {day.year}" if with_year else ""
    return f"{_WEEKDAYS[day.weekday()]} {'1er' if day.day == 1 else day.day} {_MONTHS[day.month - 1]}{year}"


FRENCH = Words(
    language="fr",
    plural=lambda n: 0 if n < 2 else 1,
    write_day=_day,
    dated_clock="{day}, {clock}",
    digits=LATIN_DIGITS,
    thousands="\u202f",
    quote=f"«{NO_BREAK}{{}}{NO_BREAK}»",
    comma=", ",
    semicolon=f"{NO_BREAK}; ",
    colon=f"{NO_BREAK}: ",
    rise=f"+{{n}}{NO_BREAK}%",
    fall=f"{MINUS}{{n}}{NO_BREAK}%",
    level=f"±0{NO_BREAK}%",
    manifold="×{n}",
    languages={
        "ar": "arabe", "az": "azéri", "bn": "bengali", "ckb": "kurde sorani", "cs": "tchèque", "da": "danois",
        "de": "allemand", "el": "grec", "en": "anglais", "es": "espagnol", "fa": "persan", "fi": "finnois", "fr": "français",
        "he": "hébreu", "hi": "hindi", "hu": "hongrois", "hy": "arménien", "id": "indonésien", "it": "italien",
        "ja": "japonais", "ka": "géorgien", "ko": "coréen", "ku": "kurde", "nl": "néerlandais", "no": "norvégien",
        "pl": "polonais", "ps": "pachto", "pt": "portugais", "ro": "roumain", "ru": "russe", "sq": "albanais",
        "sr": "serbe", "sv": "suédois", "th": "thaï", "tr": "turc", "ug": "ouïghour", "uk": "ukrainien", "ur": "ourdou",
        "vi": "vietnamien", "zh": "chinois",
    },
    failures={
        FailureKind.BLOCKED: "refusée par notre propre garde",
        FailureKind.DNS: "son nom est introuvable",
        FailureKind.CONNECT: "pas de connexion",
        FailureKind.TLS: "certificat ou chiffrement défectueux",
        FailureKind.TIMEOUT: "pas de réponse à temps",
        FailureKind.PROTOCOL: "réponses défectueuses",
        FailureKind.REDIRECTS: "redirections sans fin",
        FailureKind.HTTP: "répond par une erreur",
        FailureKind.TOO_BIG: "trop volumineuse",
        FailureKind.ENCODING: "encodage illisible",
        FailureKind.TRUNCATED: "réponse interrompue",
        FailureKind.NOT_A_FEED: "pas un flux",
        FailureKind.NOT_A_PAGE: "pas une page",
        FailureKind.CHALLENGE: "veut voir un être humain",
        FailureKind.ROBOTS: "prie les robots de rester à l’écart",
        FailureKind.CRASHED: "impossible à analyser",
    },
    subjects={Subject.RULE: "règle", Subject.ENTITY: "entité", Subject.SOURCE: "source"},
    notes={
        "the page asks for consent to cookies in the place of its article":
            "la page demande un accord sur les cookies au lieu de montrer son article",
        "the page shows only the beginning, the rest to subscribers": "la page ne montre que le début, le reste aux abonnés",
        "page text is much shorter than the feed's": "le texte de la page est bien plus court que celui du flux",
        "no text found on the page": "aucun texte trouvé sur la page",
        "no text found on the page or in the feed": "aucun texte trouvé sur la page ni dans le flux",
        "page could not be parsed": "la page n’a pas pu être analysée",
        "page is {0}, not HTML": "la page est du type {0}, pas du HTML",
        "page has a tag of more than {0} attributes: the rest of them was left out":
            f"la page a une balise de plus de {{0}} attributs{NO_BREAK}: les autres ont été laissés de côté",
        "Only the headline: page and feed text could not be read.":
            f"Le titre seul{NO_BREAK}: ni la page ni le flux n’ont pu être lus.",
        "Text from the feed: the page answered {0}.": f"Texte du flux{NO_BREAK}: la page a répondu {{0}}.",
        "Text from the feed: the page did not answer in time.":
            f"Texte du flux{NO_BREAK}: la page n’a pas répondu à temps.",
        "Text from the feed: the link is not one that we may follow.":
            f"Texte du flux{NO_BREAK}: le lien n’est pas de ceux que nous pouvons suivre.",
        "Text from the feed: the link leads to {0}.": f"Texte du flux{NO_BREAK}: le lien mène à {{0}}.",
        "Text from the feed: the page is too big.": f"Texte du flux{NO_BREAK}: la page est trop volumineuse.",
        "Text from the feed: the page could not be read.": f"Texte du flux{NO_BREAK}: la page n’a pas pu être lue.",
        "Text from the feed: the outlet asks programs not to read its page.":
            f"Texte du flux{NO_BREAK}: le média prie les programmes de ne pas lire sa page.",
        "Text from the feed: the page wants to see a human.":
            f"Texte du flux{NO_BREAK}: la page veut voir un être humain.",
        "Text from the feed: the page could not be had.": f"Texte du flux{NO_BREAK}: la page n’a pas pu être obtenue.",
        "Changed after publication: found only since.": "Modifié après publication, trouvé seulement depuis.",
        "Changed after publication: {0}.": f"Modifié après publication{NO_BREAK}: {{0}}.",
        "the headline was “{0}”": f"le titre était «{NO_BREAK}{{0}}{NO_BREAK}»",
        "{0} was added": "{0} a été ajouté",
        "{0} was taken out": "{0} a été retiré",
        "the rule finds it no more": "la règle ne le trouve plus",
    },
    articles=("{n} article", "{n} articles"),
    stories=("{n} sujet", "{n} sujets"),
    outlets=("{n} média", "{n} médias"),
    new_stories=("{n} nouveau", "{n} nouveaux"),
    days_ago=("publié il y a {n} jour", "publié il y a {n} jours"),
    copies=("+{n} autre article", "+{n} autres articles"),
    more_stories=("+{n} autre sujet", "+{n} autres sujets"),
    more_rules=("+{n} autre règle avec des résultats", "+{n} autres règles avec des résultats"),
    other_rules=("+{n} autre règle", "+{n} autres règles"),
    more_sources=("+{n} autre source", "+{n} autres sources"),
    more_outlets=("+{n} autre média", "+{n} autres médias"),
    changes=("{n} article modifié après publication", "{n} articles modifiés après publication"),
    more_changed=("+{n} autre article modifié", "+{n} autres articles modifiés"),
    earlier_changes=("+{n} modification antérieure", "+{n} modifications antérieures"),
    failing=("{n} source illisible", "{n} sources illisibles"),
    gap=(
        "environ {n} entrée, publiée entre {after} et {before}, a disparu du flux avant notre passage",
        "environ {n} entrées, publiées entre {after} et {before}, ont disparu du flux avant notre passage",
    ),
    missed=(
        f"Aucune revue n’est partie {{n}} jour avant celle-ci{NO_BREAK}; ce courriel couvre aussi ce jour-là.",
        f"Aucune revue n’est partie les {{n}} jours précédents{NO_BREAK}; ce courriel les couvre aussi.",
    ),
    digest_of=f"{{instance}}{NO_BREAK}: revue de presse du {{day}}",
    clipping_of=f"{{instance}}{NO_BREAK}: {{rule}}, {{day}}",
    alert="ALERTE",
    alert_of=f"{{instance}}{NO_BREAK}: alerte du {{day}}",
    window="{start} – {end} ({zone})",
    versus="{percent} par rapport à la médiane de 7 jours",
    bars=f"articles par jour, du plus ancien au plus récent{NO_BREAK}: {{days}}",
    bars_now=f"dans cette revue{NO_BREAK}: {{now}}",
    top_stories="À la une",
    stories_of_rule="Sujets",
    new="nouveau",
    continuing="suite",
    also_in="Aussi dans",
    more_on="Sur le même sujet",
    wording="Nommé ici",
    shown_above="Répond aussi à {rule}, plus haut.",
    undated="sans date",
    untitled="(sans titre)",
    nothing="Aucun résultat dans cette période.",
    no_matches="Aucun résultat",
    changed="Modifié après publication",
    watched_by="Suivi par",
    new_outlets="Nouveaux médias",
    first_under="pour la première fois sous {rules}",
    quiet="Aucun résultat pour",
    usual="{n} par jour d’habitude",
    health="Sources illisibles",
    silent="Sources devenues muettes",
    gaps="Entrées manquées",
    unusual="Volumes inhabituels",
    spike="{counted} en 24 heures jusqu’à {at}, d’habitude {usual}",
    silence="{counted} en 24 heures jusqu’à {at}, attendu {usual}",
    spike_of="PIC",
    silence_of="SILENCE",
    expected="attendu {usual}",
    usually="d’habitude {usual}",
    within="{n} ± {spread}",
    blind="Ce que ces médias ont publié entre-temps manque dans ce courriel.",
    away=f"Personne n’a consulté les sources {{spans}}{NO_BREAK}; ce qui a quitté leurs fils entre-temps peut manquer.",
    between="entre {start} et {end}",
    since="depuis {at}",
    next_try="prochain essai {at}",
    others="et {n} de plus",
    follows="et {n} de plus, dans le prochain courriel",
    now_in=f"Déjà signalé, maintenant dans {{counted}}{NO_BREAK}: {{headline}}",
    over_cap=f"{{rule}}{NO_BREAK}: et {{counted}} de plus, dans votre prochaine revue de presse",
    of_storm="Le reste se trouvera dans votre prochaine revue de presse.",
    unanswered=f"«{NO_BREAK}{{recipient}}{NO_BREAK}» n’a pas accusé réception.",
    acknowledge="Accuser réception",
    snooze="Plus d’alerte à ce sujet pendant un jour",
    urgent="TRÈS URGENT",
    why_digest=(
        f"Vous recevez cette revue parce que {{instance}} vous compte parmi ses lecteurs, sous le nom "
        f"«{NO_BREAK}{{recipient}}{NO_BREAK}»."
    ),
    why_alert=(
        f"Vous recevez cette alerte parce que {{instance}} vous compte parmi ses lecteurs, sous le nom "
        f"«{NO_BREAK}{{recipient}}{NO_BREAK}», alertes comprises."
    ),
    change=(
        f"Pour changer de règles, de jours ou d’heures, ou pour tout arrêter, demandez aux responsables "
        f"de {{instance}} de modifier le lecteur «{NO_BREAK}{{recipient}}{NO_BREAK}»."
    ),
    view="Voir dans le navigateur",
    edit_rules="Modifier les règles",
    pause="Suspendre une semaine",
    unsubscribe="Se désabonner",
)  # fmt: skip
