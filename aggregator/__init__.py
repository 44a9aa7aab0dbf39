"""aggregator: a media monitor that people can trust with their news."""

from importlib.metadata import version

__version__ = version("aggregator")
