"""The command line: a face over the use cases, with no logic of its own."""

from __future__ import annotations

import sys

from aggregator.errors import AggregatorError, ConfigError, ConfigErrors, RuleSyntaxError


def main() -> None:
    """Run a command. Exit codes: 0 done, 1 could not be done, 2 the configuration or the call is wrong, 130 interrupted."""
    from aggregator.cli.commands import app

    try:
        app(prog_name="aggregator")
    except RuleSyntaxError as error:
        from aggregator.rules import explain_error

        sys.stderr.write(f"{explain_error(error)}\n")
        raise SystemExit(2) from None
    except (ConfigError, ConfigErrors) as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(2) from None
    except AggregatorError as error:
        sys.stderr.write(f"aggregator: {error}\n")
        raise SystemExit(1) from None
    except BrokenPipeError:
        raise SystemExit(0) from None
    except OSError as error:  # a folder that is not there, a disk that is full, a file of somebody else's
        sys.stderr.write(f"aggregator: {error}\n")
        raise SystemExit(1) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None
