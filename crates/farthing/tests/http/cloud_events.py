"""Sends usage as CloudEvents with the official SDK: structured, binary and as a batch, and each of them again as a sender does
that lost its state, with the same id and a new time. Prints what the server answered, a line each.

usage: cloud_events.py URL KEY
"""

import sys
from datetime import datetime, timedelta, timezone
from urllib.request import Request, urlopen

from cloudevents.core.bindings.http import to_binary_event, to_structured_event
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

url, key = sys.argv[1:]


def event(number: str, minutes_ago: int) -> CloudEvent:
    attributes = {
        "id": f"call-{number}",
        "source": "//gateway/größe 1",
        "type": "calls",
        "subject": "acme",
        "time": datetime.now(timezone.utc) - timedelta(minutes=minutes_ago),
        "datacontenttype": "application/json",
    }
    return CloudEvent(attributes, {"quantity": 3, "properties": {"region": "zürich"}})


def send(what: str, headers: dict, body: bytes) -> None:
    request = Request(url, data=body, headers={**headers, "Authorization": f"Bearer {key}"}, method="POST")
    with urlopen(request) as answer:
        print(what, answer.status, answer.read().decode("utf-8"))


def send_all(minutes_ago: int) -> None:
    message = to_structured_event(event("structured", minutes_ago))
    send("structured", message.headers, message.body)
    message = to_binary_event(event("binary", minutes_ago))
    send("binary", message.headers, message.body)
    # The SDK writes one event; a batch is an array of them.
    batch = [JSONFormat().write(event(f"batch-{place}", minutes_ago)) for place in range(3)]
    send("batch", {"content-type": "application/cloudevents-batch+json"}, b"[" + b",".join(batch) + b"]")


send_all(minutes_ago=2)
send_all(minutes_ago=1)
