"""Receives webhooks and mails as a cloud and its people would, and says on standard output what it got, a line of JSON each.

Webhooks are checked by the official library of Standard Webhooks, with the secrets that come in on standard input, a line each.
Posted to /flaky, each is taken at the second try only.

With a certificate and its key as arguments there are mail servers too that want to know who hands in: one that offers STARTTLS, one that
knows the older login only, and one without TLS. Whoever is refused is told the password again: no server should, and some do.
"""

import email
import email.policy
import json
import socket
import ssl
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
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
    def __init__(self, name=""):
        self.name = name

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        session.host_name = hostname
        say(greeted=self.name, tls=session.ssl is not None)
        return responses

    async def handle_DATA(self, server, session, envelope):
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        parts = {kind: message.get_body((kind,)).get_content() for kind in ("plain", "html")}
        attached = [
            dict(name=part.get_filename(), kind=part.get_content_type(), begin=part.get_content()[:5].decode(),
                 size=len(part.get_content()), within=message.get_content_type())
            for part in message.iter_attachments()
        ]
        say(attached=attached, mail=dict(message.items()), to=envelope.rcpt_tos, sender=envelope.mail_from, server=self.name,
            tls=session.ssl is not None, known=bool(session.authenticated), **parts)
        return "250 taken"


def known(server, session, envelope, mechanism, told):
    user, password = told.login.decode(), told.password.decode()
    good = (user, password) == ("billing", "hunter2")
    say(login=user, good=good, mechanism=mechanism, tls=session.ssl is not None)
    return AuthResult(success=good, handled=False, message=None if good else f"535 5.7.8 {user} has not {password}")


def serve(name, **more):
    # The library connects to itself to see that it runs, so it has to be told a port that is free.
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    Controller(Mails(name), hostname="127.0.0.1", port=port, **more).start()
    return port


hooks = ThreadingHTTPServer(("127.0.0.1", 0), Hooks)
threading.Thread(target=hooks.serve_forever, daemon=True).start()
ports = dict(hooks=hooks.server_address[1], mails=serve(""))
if len(sys.argv) > 1:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*sys.argv[1:])
    login = dict(authenticator=known, auth_required=True)
    tls = dict(tls_context=context, require_starttls=True)
    ports["tls"] = serve("tls", **login, **tls)
    ports["old"] = serve("old", auth_exclude_mechanism=["PLAIN"], **login, **tls)
    ports["clear"] = serve("clear", auth_require_tls=False, **login)
say(**ports)
for line in sys.stdin:
    secrets.append(line.strip())
    say(secret=len(secrets))
