"""A client that nobody of ours wrote uses what the modules offer, and prints what came of it, a line each.

usage: slixmpp-modules.py HOST PORT CERT.pem DOMAIN   (anna, an administrator, has the password `one`, bert has `two`)
"""
import asyncio
import sys

import slixmpp

host, port, cert, domain = sys.argv[1:5]
PLUGINS = ["xep_0012", "xep_0030", "xep_0050", "xep_0077", "xep_0115", "xep_0133", "xep_0191"]


def say(*words):
    print(*words, flush=True)


class Client(slixmpp.ClientXMPP):
    def __init__(self, name, password):
        super().__init__(f"{name}@{domain}/slix", password)
        self.ca_certs = cert
        for plugin in PLUGINS:
            self.register_plugin(plugin)
        self.ready = asyncio.get_event_loop().create_future()
        self.add_event_handler("session_start", self.started)
        self.connect((host, int(port)), use_ssl=True)

    async def started(self, _):
        await self.get_roster()
        self.send_presence()
        self.ready.set_result(True)


async def come(name, password):
    client = Client(name, password)
    await asyncio.wait_for(client.ready, 20)
    return client


def future_of(client, event):
    result = asyncio.get_event_loop().create_future()
    client.add_event_handler(event, lambda stanza: result.done() or result.set_result(stanza))
    return result


async def blocking(anna, bert):
    await anna["xep_0191"].block(f"bert@{domain}")
    blocked = (await anna["xep_0191"].get_blocked())["blocklist"]["items"]
    say("blocked", *(str(jid) for jid in blocked))
    refused = future_of(bert, "message_error")
    bert.send_message(f"anna@{domain}", "hi")
    say("refused", (await asyncio.wait_for(refused, 10))["error"]["condition"])
    await anna["xep_0191"].unblock(f"bert@{domain}")
    heard = future_of(anna, "message")
    bert.send_message(f"anna@{domain}", "hi again")
    say("heard", (await asyncio.wait_for(heard, 10))["body"])


async def add_user(anna):
    done = asyncio.get_event_loop().create_future()

    def fill(iq, session):
        form = anna["xep_0004"].make_form(ftype="submit")
        for name, value in (("accountjid", f"carl@{domain}"), ("password", "x"), ("password-verify", "x")):
            form.add_field(var=name, value=value)
        session["payload"] = form
        session["next"] = lambda answer, _: done.set_result(answer["command"]["status"])
        anna["xep_0050"].complete_command(session)

    node = "http://jabber.org/protocol/admin#add-user"
    anna["xep_0050"].start_command(domain, node, {"next": fill, "error": lambda iq, _: done.set_result(str(iq))})
    say("add-user", await asyncio.wait_for(done, 10))


async def main():
    anna, bert = await come("anna", "one"), await come("bert", "two")
    await blocking(anna, bert)
    uptime = (await anna["xep_0012"].get_last_activity(domain))["last_activity"]["seconds"]
    say("uptime", uptime >= 0)
    await add_user(anna)
    await anna["xep_0077"].change_password("three")
    await bert["xep_0077"].cancel_registration()
    await come("anna", "three")
    say("new password holds")


asyncio.get_event_loop().run_until_complete(main())
