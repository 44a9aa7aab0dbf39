"""Passwords and keys of ``[mail]``: named in the files, and never written there."""

from __future__ import annotations

import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aggregator.config.locate import Route
from aggregator.config.reading import Document

PASSWORD_KEYS = tuple(f"{prefix}{key}" for prefix in ("", "bounce_") for key in ("password", "password_env", "password_file"))


class Secrets:
    """Reads what ``[mail]`` of ``document`` names. Paths start from the configuration ``folder``."""

    def __init__(self, document: Document, folder: Path, environ: Mapping[str, str]) -> None:
        self._document, self._folder, self._environ = document, folder, environ

    def password(self, table: Mapping[str, Any], prefix: str) -> tuple[str, Path | None]:
        """A password and, if it came from a file, which. No message ever holds it."""
        variable, name = table.get(f"{prefix}password_env"), table.get(f"{prefix}password_file")
        if variable and name:
            self._document.add(("mail", f"{prefix}password_file"), f"stands beside {prefix}password_env", "keep one of the two")
        elif isinstance(variable, str) and variable:
            if password := self._environ.get(variable, ""):
                return password, None
            hint = f"set {variable} for the service, or use {prefix}password_file"
            what = f"the environment variable {variable} is not set or empty"
            self._document.add(("mail", f"{prefix}password_env"), what, hint)
        elif isinstance(name, str) and name:
            return self._from_file(self._folder / name, ("mail", f"{prefix}password_file"))
        return "", None

    def _from_file(self, path: Path, route: Route) -> tuple[str, Path | None]:
        try:
            password = path.read_text(encoding="utf-8").rstrip("\r\n")
        except UnicodeDecodeError:
            self._document.add(route, f"{path} is not UTF-8 text", "the file holds the password and nothing else")
        except (OSError, ValueError) as error:
            self._unreadable(path, route, error)
        else:
            if password and "\n" not in password:
                return password, path
            self._document.add(route, f"{path} must hold exactly one line", "the file holds the password and nothing else")
        return "", None

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
