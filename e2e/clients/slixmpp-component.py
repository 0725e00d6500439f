"""A component that nobody of ours wrote, for tests: slixmpp, which echoes what it is told.
usage: slixmpp-component.py DOMAIN HOST PORT     (secret: first line of stdin)
Lines out: `online`, `message FROM TEXT`, `subscribed FROM`, `failed WHY`.
"""
import sys

from slixmpp.componentxmpp import ComponentXMPP

domain, host, port = sys.argv[1:4]
secret = sys.stdin.readline().rstrip("\n")


def say(*words):
    print(*words, flush=True)


class Echo(ComponentXMPP):
    def __init__(self):
        super().__init__(domain, secret, host, int(port))
        self.register_plugin("xep_0030")
        self["xep_0030"].add_identity(category="gateway", itype="echo", name="Echo")
        self.add_event_handler("session_start", lambda _: say("online"))
        self.add_event_handler("message", self.message)
        self.add_event_handler("presence_subscribe", self.subscribe)
        self.add_event_handler("disconnected", lambda why: say("failed", why))

    def message(self, msg):
        say("message", msg["from"], msg["body"])
        msg.reply("echo: " + msg["body"]).send()

    def subscribe(self, presence):
        say("subscribed", presence["from"])
        self.send_presence_subscription(pto=presence["from"].bare, pfrom=presence["to"].bare, ptype="subscribed")
        self.send_presence(pto=presence["from"].bare, pfrom=presence["to"].bare + "/bot", pstatus="here")


echo = Echo()
echo.connect()
echo.process(forever=True)
