"""Imported by the fork server, once, before it forks the first worker: see ``jobs.warm``."""

from aggregator.pipeline.jobs import warm

warm()
