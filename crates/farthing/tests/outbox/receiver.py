"""Receives webhooks and mails as a cloud and its people would, and says on standard output what it got, a line of JSON each.

Webhooks are checked by the official library of Standard Webhooks, with the secrets that come in on standard input, a line each.
Posted to /flaky, each is taken at the second try only.
"""

import email
import email.policy
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from aiosmtpd.controller import Controller
from standardwebhooks import Webhook

secrets = []
seen = set()
lock = threading.Lock()


def say(**what):
    with lock:
        print(json.dumps(what), flush=True)


def verified(secret, body, headers):
    try:
        Webhook(secret).verify(body, headers)
        return True
    except Exception:
        return False


class Hooks(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        identity = headers.get("webhook-id")
        first = identity not in seen
        seen.add(identity)
        refused = self.path == "/flaky" and first
        fits = [place for place, secret in enumerate(secrets) if verified(secret, body, headers)]
        altered = [secret for secret in secrets if verified(secret, body + b" ", headers)]
        say(webhook=json.loads(body), id=identity, fits=fits, altered=len(altered), refused=refused, path=self.path,
            text=body.decode())
        if self.path == "/elsewhere":
            self.send_response(302)
            self.send_header("location", "/trap")
        else:
            self.send_response(503 if refused else 204)
        self.end_headers()

    def log_message(self, *_):
        pass


class Mails:
    async def handle_DATA(self, server, session, envelope):
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        parts = {kind: message.get_body((kind,)).get_content() for kind in ("plain", "html")}
        say(mail=dict(message.items()), to=envelope.rcpt_tos, sender=envelope.mail_from, **parts)
        return "250 taken"


hooks = ThreadingHTTPServer(("127.0.0.1", 0), Hooks)
threading.Thread(target=hooks.serve_forever, daemon=True).start()
# The library connects to itself to see that it runs, so it has to be told a port that is free.
import socket

with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
mails = Controller(Mails(), hostname="127.0.0.1", port=port)
mails.start()
say(hooks=hooks.server_address[1], mails=port)
for line in sys.stdin:
    secrets.append(line.strip())
    say(secret=len(secrets))
