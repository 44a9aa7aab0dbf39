"""What we owe to publishers, and what we must not miss: when to come again, decided from values alone.

Pure: no network, no clock, no chance. ``pipeline/poll.py`` fetches and stores; every decision in between is made here.

| module | decides |
|---|---|
| ``timing`` | when to poll next: rate of news, size of the window, publisher's hints, phase and jitter |
| ``rate`` | how fast a source publishes, from what the polls brought |
| ``asked`` | what a response's headers ask for |
| ``trouble`` | what a failure means, how much it weighs, how long we stay away, what the operator is told |
| ``gaps`` | whether entries scrolled out between two polls |
| ``honesty`` | what a server's 304 is worth, and when to put it to the test |
| ``moves`` | when a permanent redirect is believed |
| ``outage`` | whether it is us who are offline, and whether refusals are a throttle |
| ``websub`` | what to ask a hub and when, whose word counts, which push is signed |
"""

from aggregator.manners.asked import read_hints
from aggregator.manners.gaps import find_gap
from aggregator.manners.honesty import after_not_modified, after_probe, after_same_body, wants_probe
from aggregator.manners.moves import Moving, follow_move
from aggregator.manners.outage import Attempt, is_ours
from aggregator.manners.rate import Seen, after_news, after_silence
from aggregator.manners.timing import ORDINARY, Pace, Plan, next_poll, phase
from aggregator.manners.trouble import NETWORK, WORDS, after_failure, is_throttle, throttle, trouble_of

__all__ = [
    "NETWORK",
    "ORDINARY",
    "WORDS",
    "Attempt",
    "Moving",
    "Pace",
    "Plan",
    "Seen",
    "after_failure",
    "after_news",
    "after_not_modified",
    "after_probe",
    "after_same_body",
    "after_silence",
    "find_gap",
    "follow_move",
    "is_ours",
    "is_throttle",
    "next_poll",
    "phase",
    "read_hints",
    "throttle",
    "trouble_of",
    "wants_probe",
]
