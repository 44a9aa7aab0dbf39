"""Fuzzers: ``python -m tests.fuzz.NAME --minutes 10``. Their findings become tests of their own."""
