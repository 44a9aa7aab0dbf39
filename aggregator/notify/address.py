"""Mail addresses: one canonical form, checked before anything is stored or sent (RFC 5321, 6531; IDNA 2008)."""

from __future__ import annotations

from email_validator import EmailNotValidError, validate_email


def check_address(address: str) -> str:
    """Return ``address`` in its canonical form: local part as written (NFC), domain in lower case and as A-labels.

    Exactly one bare address passes: no display name, no list, no comment, no quoted local part, no address literal. The
    domain needs a dot and must not be reserved (``.local``, ``.invalid``), but may be a private one such as ``.internal``.
    DNS is not asked.

    Raises ``ValueError`` with a plain reason otherwise.
    """
    try:
        parts = validate_email(
            address, check_deliverability=False, globally_deliverable=False, strict=True, test_environment=True
        )
    except EmailNotValidError as error:
        raise ValueError(f"{address!r} is not a mail address: {error}") from None
    if "." not in parts.ascii_domain:
        raise ValueError(f"{address!r} is not a mail address: the part after the @-sign has no dot, as in 'example.org'.")
    return f"{parts.local_part}@{parts.ascii_domain}"


def needs_smtputf8(address: str) -> bool:
    """Tell whether ``address`` can travel only with the SMTPUTF8 extension: its local part is not ASCII (RFC 6531 §3.2).

    A domain in another script needs none: ``check_address`` turns it into A-labels.
    """
    return not address.rpartition("@")[0].isascii()
