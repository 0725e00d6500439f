"""A client that nobody of ours wrote, for tests: slixmpp, driven by lines.

usage: slixmpp-chat.py JID HOST PORT direct|starttls CERT.pem     (the password is the first line of standard input)
Then lines in: `send JID TEXT`, `befriend JID`, `quit`.
Lines out: `online JID`, `message FROM TEXT`, `presence FROM available|unavailable`, `failed WHY`.
The server's certificate is checked against CERT.pem, the name in it against the domain.
"""
import asyncio
import sys

import slixmpp

jid, host, port, how, cert = sys.argv[1:6]
password = sys.stdin.readline().rstrip("\n")


def say(*words):
    print(*words, flush=True)


class Client(slixmpp.ClientXMPP):
    def __init__(self):
        super().__init__(jid, password)
        self.ca_certs = cert
        self.add_event_handler("session_start", self.started)
        self.add_event_handler("message", self.heard)
        self.add_event_handler("presence_available", lambda it: say("presence", it["from"].full, "available"))
        self.add_event_handler("presence_unavailable", lambda it: say("presence", it["from"].full, "unavailable"))
        self.add_event_handler("failed_auth", lambda _: self.fail("login refused"))
        self.add_event_handler("ssl_invalid_chain", lambda _: self.fail("certificate refused"))
        self.add_event_handler("ssl_invalid_cert", lambda _: self.fail("certificate refused"))
        self.add_event_handler("connection_failed", lambda e: self.fail(f"connection failed: {e}"))
        self.add_event_handler("disconnected", lambda e: self.fail(f"disconnected: {e}"))

    async def started(self, _):
        await self.get_roster()
        self.send_presence()
        say("online", self.boundjid.full)
        asyncio.ensure_future(self.obey())

    def heard(self, message):
        if message["body"]:
            say("message", message["from"].full, message["body"])

    def fail(self, why):
        say("failed", why)

    async def obey(self):
        reader = asyncio.StreamReader()
        await asyncio.get_event_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        while line := (await reader.readline()).decode().rstrip("\n"):
            verb, *rest = line.split(" ", 2)
            if verb == "send":
                self.send_message(mto=rest[0], mbody=rest[1], mtype="chat")
            elif verb == "befriend":
                self.send_presence_subscription(pto=rest[0])
            elif verb == "quit":
                break
        self.disconnect()


client = Client()
client.connect((host, int(port)), use_ssl=how == "direct", force_starttls=how == "starttls", disable_starttls=how == "direct")
client.process(forever=False)
