"""Configuration: TOML files to frozen values, every error at once with file, key and line; hints for the operator; and the one
writer, which appends sources without touching a byte that stands there."""

from aggregator.config.linting import lint
from aggregator.config.loading import FILES, load_config
from aggregator.config.readers import read_invitation
from aggregator.config.settings import (
    AlertSettings,
    Config,
    FetchSettings,
    MailMode,
    MailSecurity,
    MailSettings,
    PollSettings,
    RetentionSettings,
    Settings,
    StoreSettings,
    WorkerSettings,
)
from aggregator.config.writing import append_sources, blank_source, slug_for

__all__ = [
    "FILES",
    "AlertSettings",
    "Config",
    "FetchSettings",
    "MailMode",
    "MailSecurity",
    "MailSettings",
    "PollSettings",
    "RetentionSettings",
    "Settings",
    "StoreSettings",
    "WorkerSettings",
    "append_sources",
    "blank_source",
    "lint",
    "load_config",
    "read_invitation",
    "slug_for",
]
