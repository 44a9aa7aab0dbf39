"""``make parity [ARGS="--seed N --queries 5000 --articles 2000 --data FOLDER"]``: the proof with a fresh seed, or an old one.

Without ``--data`` the articles are of the project's own making; else they are those of FOLDER (``tests/parity/real.py`` says how
it is laid out). The seed is printed, and with it everything can be repeated. The last line is one JSON object; the exit code
is 1 when anybody found otherwise than the others.
"""

from __future__ import annotations

import argparse
import json
import random
import secrets
import signal
import sys
import tempfile
from pathlib import Path

from tests import postgres
from tests.parity.press import NOW, Press
from tests.parity.proof import prove
from tests.parity.real import read_articles


def main() -> int:
    """Ask, compare, tell."""
    parser = argparse.ArgumentParser(
        prog="make parity", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**9), help="to repeat a run")
    parser.add_argument("--queries", type=int, default=5000)
    parser.add_argument("--articles", type=int, default=2000)
    parser.add_argument("--data", type=Path, help="a folder of real articles")
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # a run that is cut short leaves no server behind
    chance = random.Random(options.seed)
    articles = (
        read_articles(options.data, options.articles, chance, NOW) if options.data else Press(chance).articles(options.articles)
    )
    if not articles:
        print(f"no articles in {options.data}", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder, postgres.server() as server:
        if server is None:
            print(postgres.ABSENT, file=sys.stderr)
            return 2
        url = server.migrated()
        try:
            found = prove(articles, options.queries, chance, NOW, Path(folder), url)
        finally:
            server.drop(url)
    print(found.table())
    for difference in found.differences:
        print(f"\n{difference}")
    told = {
        "seed": options.seed, "queries": found.queries, "articles": found.articles, "hits": found.hits,
        "queries_with_hits": round(found.share("all"), 3), "differences": len(found.differences),
    }  # fmt: skip
    print(json.dumps({"parity": told}))
    return 1 if found.differences else 0


if __name__ == "__main__":
    sys.exit(main())
