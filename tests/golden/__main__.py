"""Renew the golden mails (``--update``), take pictures (``--pictures FOLDER``), or put them to axe-core (``--axe FILE``)."""

from __future__ import annotations

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.golden.files import FOLDER, content, paths
from tests.golden.pictures import SCHEMES, lint, shoot


def main() -> None:
    """Write what is asked for; without arguments nothing."""
    parser = argparse.ArgumentParser(prog="python -m tests.golden", description=__doc__)
    parser.add_argument("--update", action="store_true", help="renew the committed files; look at the difference")
    parser.add_argument("--pictures", type=Path, metavar="FOLDER", help="a picture of each, narrow and wide, light and dark")
    parser.add_argument("--axe", type=Path, metavar="axe.min.js", help="what this accessibility linter says of each")
    parser.add_argument("names", nargs="*", help="only these situations")
    asked = parser.parse_args()
    files = {path: content(path) for path in paths() if not asked.names or path.stem in asked.names}
    if asked.update:
        FOLDER.mkdir(exist_ok=True)
        for old in FOLDER.iterdir():
            if not asked.names and old.name not in {path.name for path in files}:
                old.unlink()
        for path, made in files.items():
            path.write_bytes(made)
    pages = {path.stem: made.decode() for path, made in files.items() if path.suffix == ".html"}
    if asked.pictures:
        asked.pictures.mkdir(parents=True, exist_ok=True)
        shoot(pages, asked.pictures)
    if asked.axe:
        with TemporaryDirectory() as folder:
            lines = [f"{scheme} {line}" for scheme in SCHEMES for line in lint(pages, asked.axe, scheme, Path(folder))]
        print(*lines, f"{len(lines)} findings", sep="\n")


main()
