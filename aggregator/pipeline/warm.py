"""Imported by the fork server, once, before it forks the first worker: see ``jobs.warm``."""

import aggregator.pipeline.cpu  # noqa: F401 - each worker begins with it, and it brings all settings: dear to import
from aggregator.pipeline.jobs import warm

warm()
