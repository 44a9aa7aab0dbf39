"""``python -m tests.quality FOLDER``: every part's scores on labelled data, ours beside the baselines of the same run.

FOLDER holds ``pages/aeb``, ``pages/fundus``, ``pages/arabic_script`` and so on; what is not there is left out. The last line is
one JSON object: ``{"quality": {PART: {SCORE: value}}}``.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from tests.quality import dates, groups, text

PARTS = (text, dates, groups)
"""The modules with a ``measure(data: Path) -> dict[str, Any]``: a flat dict whose names end in ``.ours`` or ``.BASELINE``."""


def table(scores: dict[str, Any]) -> str:
    """The scores as lines of a table: one for each name without its last word, one column for each last word."""
    rows: dict[str, dict[str, Any]] = {}
    for name, value in scores.items():
        label, _, system = name.rpartition(".")
        rows.setdefault(label, {})[system] = value
    systems = list(dict.fromkeys(system for row in rows.values() for system in row))
    width = max((len(label) for label in rows), default=0)
    lines = [" " * width + "".join(f"{system:>14}" for system in systems)]
    lines += [
        f"{label:{width}}" + "".join(f"{_figure(row.get(system)):>14}" for system in systems) for label, row in rows.items()
    ]
    return "\n".join(lines)


def _figure(value: Any) -> str:
    return "" if value is None else f"{value:.4f}" if isinstance(value, float) else str(value)


def main() -> int:
    """Print the tables and the JSON line; 2 if there is no such folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="the folder with the labelled data")
    parser.add_argument("--part", action="append", help="only this part; may be repeated")
    options = parser.parse_args()
    if not options.data.is_dir():
        print(f"no such folder: {options.data}", file=sys.stderr)
        return 2
    found: dict[str, dict[str, Any]] = {}
    for part in PARTS:
        name = part.__name__.rpartition(".")[2]
        if not options.part or name in options.part:
            found[name] = part.measure(options.data)
            print(f"\n== {name}\n{table(found[name])}", flush=True)
    print(json.dumps({"quality": found}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
