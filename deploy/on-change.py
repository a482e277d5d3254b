#!/usr/bin/env python3
"""Tell people what a night run did, by mail or webhook, from the JSON that `plancore report --on-change` gives on standard input.

--changes: who is told what was published, in three lines ready to pass on; never of a run that is held back.
--problems: who is told what must be looked at. Needs nothing but Python; exits 1 where somebody could not be told.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from http.client import HTTPException
from smtplib import SMTP, SMTPException
from urllib.parse import urlsplit
from urllib.request import Request, urlopen


def main() -> None:
    asked = _arguments()
    try:
        messages = list(_messages(json.load(sys.stdin.buffer), asked))
    except (LookupError, ValueError, TypeError, AttributeError) as error:
        sys.exit(f"on-change.py: not what plancore says on standard input: {error!r}")
    signal.alarm(asked.seconds)  # for all of it: a server that answers byte by byte holds nothing up
    told = [_told(*message, asked) for message in messages]
    sys.exit(0 if all(told) else 1)


def _told(where: str, subject: str, body: str, asked: argparse.Namespace) -> bool:
    """Tell one of them; whether that went well, and if not, why, on standard error."""
    signal.signal(signal.SIGALRM, lambda *_: _late(where))
    try:
        _post(where, f"{subject}\n\n{body}", asked.seconds) if "://" in where else _mail(where, subject, body, asked)
    except (OSError, ValueError, HTTPException, SMTPException) as error:
        print(f"on-change.py: {where}: {error}", file=sys.stderr)
        return False
    return True


def _late(where: str) -> None:
    print(f"on-change.py: {where}: no answer in time", file=sys.stderr, flush=True)
    os._exit(1)  # an exception would be caught by what waits, to wait on


def _messages(said: dict, asked: argparse.Namespace):
    """Who is told what: address, subject, text."""
    lines = "\n".join(said["lines"].get("zh", []))
    if said["outcome"] in ("published", "released") and any(said["changes"].values()):
        body = f"{lines}\n\n{asked.site or said['site']}"
        yield from ((where, f"规划指标数据有更新（{said['run']}）", body) for where in asked.changes)
    if said["problems"]:
        body = "\n".join(said["problems"])
        if said["outcome"] == "held":
            body += "\n\n" + "\n".join(said["held_lines"].get("zh", [])) + f"\n\n以下变动尚未发布，核对前请勿引用：\n{lines}"
        yield from ((where, f"规划指标报告须处理（{said['run']}）", body) for where in asked.problems)


def _mail(to: str, subject: str, body: str, asked: argparse.Namespace) -> None:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = asked.sender, to, subject
    message["Date"], message["Message-ID"] = formatdate(localtime=True), make_msgid(domain="plancore.invalid")
    message["Auto-Submitted"] = "auto-generated"  # no answer from an absent reader's mailbox
    message.set_content(body)
    host, _, port = asked.smtp.rpartition(":")
    with SMTP(host, int(port), timeout=asked.seconds) as server:
        server.send_message(message)


def _post(url: str, text: str, seconds: int) -> None:
    """Most chat services take this; DingTalk and WeCom want {"msgtype": "text", "text": {"content": text}} instead."""
    body = json.dumps({"text": text}, ensure_ascii=False).encode()
    with urlopen(Request(url, body, {"Content-Type": "application/json; charset=utf-8"}), timeout=seconds) as answer:
        answer.read()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("--changes", "--problems"):
        parser.add_argument(name, action="append", default=[], type=_where, metavar="WHERE",
                            help="mail address or http(s) address; repeatable")
    parser.add_argument("--smtp", default="localhost:25", type=_server, metavar="HOST:PORT", help="mail server (%(default)s)")
    parser.add_argument("--sender", default="plancore@localhost", help="who the mail is from (%(default)s)")
    parser.add_argument("--site", default="", help="address at which readers find the site; by default its path on this machine")
    parser.add_argument("--seconds", default=60, type=int, help="time for all of it (%(default)s); plancore waits 120")
    return parser.parse_args()


def _where(said: str) -> str:
    if not (urlsplit(said).scheme in ("http", "https") or "@" in said and "://" not in said) or said.split() != [said]:
        raise argparse.ArgumentTypeError(f"{said!r} is neither a mail address nor an http(s) address")
    return said


def _server(said: str) -> str:
    if not said.rpartition(":")[2].isdecimal():
        raise argparse.ArgumentTypeError(f"{said!r}: expected HOST:PORT, such as localhost:25")
    return said


if __name__ == "__main__":
    main()
