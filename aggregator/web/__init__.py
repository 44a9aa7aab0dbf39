"""The face to the outside: the addresses that hubs call, and one that tells whether we are well.

The only room that knows FastAPI and uvicorn, and imported only where the service listens: both take memory.
"""

from aggregator.web.face import build
from aggregator.web.serving import listen, serve

__all__ = ["build", "listen", "serve"]
