"""Passwords and keys: named in the files, and never written there."""

from __future__ import annotations

import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aggregator.config.locate import Route
from aggregator.config.reading import Document

PASSWORD_KEYS = tuple(f"{prefix}{key}" for prefix in ("", "bounce_") for key in ("password", "password_env", "password_file"))


class Secrets:
    """Reads what the tables of ``document`` name. Paths start from the configuration ``folder``. No message holds a secret."""

    def __init__(self, document: Document, folder: Path, environ: Mapping[str, str]) -> None:
        self._document, self._folder, self._environ = document, folder, environ

    def password(self, table: Mapping[str, Any], prefix: str) -> tuple[str, Path | None]:
        """A password of ``[mail]``, blanks around it included."""
        return self.secret(("mail",), table, f"{prefix}password", noun="password", blanks=True)

    def secret(
        self,
        route: Route,
        table: Mapping[str, Any],
        name: str,
        *,
        noun: str = "secret",
        blanks: bool = False,
        optional: bool = False,
    ) -> tuple[str, Path | None]:
        """What ``name``_env or ``name``_file of the table at ``route`` leads to, and the file that it came from, if it did.

        ``blanks``: those around it are a part of it; ``optional``: it need not be there. "" without one, or after an error.
        """
        variable, file = table.get(f"{name}_env"), table.get(f"{name}_file")
        if variable and file:
            self._document.add((*route, f"{name}_file"), f"stands beside {name}_env", "keep one of the two")
        elif isinstance(variable, str) and variable:
            value = self._environ.get(variable, "")
            found = value if blanks else value.strip()
            if not found and not optional:
                hint = f"set {variable} for the service, or use {name}_file"
                what = f"the environment variable {variable} is not set or empty"
                self._document.add((*route, f"{name}_env"), what, hint)
            return found, None
        elif isinstance(file, str) and file:
            path = self._folder / file
            found = self._from_file(path, (*route, f"{name}_file"), noun, blanks=blanks, optional=optional)
            return found, path if found else None
        return "", None

    def _from_file(self, path: Path, route: Route, noun: str, *, blanks: bool, optional: bool) -> str:
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            self._document.add(route, f"{path} is not UTF-8 text", f"the file holds the {noun} and nothing else")
            return ""
        except (OSError, ValueError) as error:
            if not optional:
                self._unreadable(path, route, error)
            return ""
        found = text.rstrip("\r\n") if blanks else text.strip()
        if found and "\n" not in found:
            return found
        self._document.add(route, f"{path} must hold exactly one line", f"the file holds the {noun} and nothing else")
        return ""

    def key_file(self, table: Mapping[str, Any]) -> Path | None:
        """The file with the DKIM key, if there is to be one: it can be read, and not by everybody."""
        name, selector, route = table.get("dkim_key_file"), table.get("dkim_selector"), ("mail", "dkim_key_file")
        if not isinstance(name, str) or not name:
            if selector:
                self._document.add(
                    ("mail", "dkim_selector"), "stands without dkim_key_file", "name the file with the private key"
                )
            return None
        if not selector:
            self._document.add(route, "stands without dkim_selector", 'name the record in the DNS: dkim_selector = "monitor"')
        path = self._folder / name
        try:
            with path.open("rb"):
                mode = path.stat().st_mode
        except (OSError, ValueError) as error:
            self._unreadable(path, route, error)
            return None
        if mode & (stat.S_IROTH | stat.S_IWOTH):
            self._document.add(route, f"{path} can be read by everybody", f"chmod o-rwx {path}: who has the key can sign as you")
        return path

    def _unreadable(self, path: Path, route: Route, error: OSError | ValueError) -> None:
        reason = error.strerror if isinstance(error, OSError) else "not a path"
        self._document.add(route, f"{path} cannot be read: {reason}", "the path starts from the configuration folder")
