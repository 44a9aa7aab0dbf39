"""Chosen articles as a WARC file (ISO 28500, version 1.1): each kept page as a response, with what was read on it as metadata."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from io import BytesIO
from pathlib import Path

from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from aggregator.model.record import StoredPage

_TRANSFER = frozenset(("content-encoding", "content-length", "transfer-encoding"))
"""Headers of the journey. A page is kept as it was after it, so they are written as ``X-Orig-…``, and the true length beside."""


def write_warc(path: Path, software: str, pages: Iterable[tuple[StoredPage, bytes, bytes]]) -> int:
    """Write pages with their bodies and metadata (JSON) into a new file, gzipped if its name ends in ``.gz``.

    Returns the number of pages. Raises FileExistsError.
    """
    count = 0
    with path.open("xb") as file:
        writer = WARCWriter(file, gzip=path.suffix == ".gz", warc_version="1.1")
        about = {"software": software, "format": "WARC File Format 1.1", "conformsTo": _FORMAT}
        writer.write_record(writer.create_warcinfo_record(path.name, about))
        for page, body, metadata in pages:
            at = page.fetched_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
            response = writer.create_warc_record(
                page.final_url,
                "response",
                payload=BytesIO(body),
                length=len(body),
                http_headers=StatusAndHeaders(_status(page.status), _headers(page), protocol="HTTP/1.1"),
                warc_headers_dict={"WARC-Date": at},
            )
            writer.write_record(response)
            refers = {"WARC-Date": at, "WARC-Refers-To": response.rec_headers.get_header("WARC-Record-ID")}
            writer.write_record(
                writer.create_warc_record(
                    page.final_url,
                    "metadata",
                    payload=BytesIO(metadata),
                    length=len(metadata),
                    warc_content_type="application/json",
                    warc_headers_dict=refers,
                )
            )
            count += 1
    return count


_FORMAT = "https://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/"


def _status(code: int) -> str:
    try:
        return f"{code} {HTTPStatus(code).phrase}"
    except ValueError:
        return str(code)


def _headers(page: StoredPage) -> list[tuple[str, str]]:
    kept = [(f"X-Orig-{name}" if name in _TRANSFER else name, value) for name, value in page.headers]
    return [*kept, ("Content-Length", str(page.size))]
