"""Mails as other mail systems send them back."""

from __future__ import annotations

DSN = """\
Return-Path: <>
Received: from mx.example.net by mail.example.org; Mon, 2 Mar 2026 12:01:00 +0000
From: Mail Delivery System <MAILER-DAEMON@mx.example.net>
To: {to}
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b1"

--b1
Content-Type: text/plain

I could not deliver it.

--b1
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net
Arrival-Date: Mon, 2 Mar 2026 12:00:00 +0000

Final-Recipient: rfc822; ana@example.org
Action: {action}
Status: {status}
Diagnostic-Code: smtp; 550 {status} {said}

--b1
Content-Type: {kind}

Return-Path: {envelope}
{headers}
--b1--
"""

COMPLAINT = """\
From: <fbl@example.net>
To: {to}
Subject: FW: your digest
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="b2"

--b2
Content-Type: text/plain

This is an email abuse report.

--b2
Content-Type: message/feedback-report

Feedback-Type: abuse
User-Agent: SomeGenerator/1.0
Version: 1
Original-Mail-From: <{envelope}>
Removal-Recipient: ana@example.org

--b2
Content-Type: message/rfc822

{headers}

A digest.

--b2--
"""

VACATION = """\
From: Ana <ana@example.org>
To: {to}
Subject: Out of office: your digest
Auto-Submitted: auto-replied
Precedence: bulk

I am away until Monday.
"""


def dsn(
    to: str = "bounce@example.org",
    status: str = "5.1.1",
    action: str = "failed",
    *,
    said: str = "no such user",
    envelope: str = "<>",
    headers: str = "Subject: Your digest",
    kind: str = "message/rfc822",
) -> bytes:
    text = DSN.format(
        to=to, status=status, action=action, said=said, envelope=envelope, headers=headers.replace("\r\n", "\n"), kind=kind
    )
    return text.encode()


def complaint(to: str = "fbl@example.org", envelope: str = "", headers: str = "Subject: Your digest") -> bytes:
    return COMPLAINT.format(to=to, envelope=envelope, headers=headers.replace("\r\n", "\n")).encode()


def vacation(to: str) -> bytes:
    return VACATION.format(to=to).encode()


def wish(subject: str) -> bytes:
    return f"From: ana@example.org\nTo: bounce@example.org\nSubject: {subject}\n\n".encode()
