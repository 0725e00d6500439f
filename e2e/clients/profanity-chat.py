"""A client that nobody of ours wrote, for tests: profanity, as a person has it on a terminal.
usage: profanity-chat.py JID HOST PORT CERTIFICATE     (password: first line of stdin)
Lines in: `send JID TEXT`, `quit`. Lines out: `online JID`, `message FROM TEXT`, `failed WHY`.
"""
import os
import pty
import re
import select
import shutil
import signal
import sys
import tempfile
import threading
import time

jid, host, port, certificate = sys.argv[1:5]
password = sys.stdin.readline().rstrip("\n")
home = tempfile.mkdtemp(prefix="profanity-")
config = os.path.join(home, ".config", "profanity")
os.makedirs(config)
with open(os.path.join(config, "profrc"), "w", encoding="utf-8") as file:
    file.write("[connection]\n[logging]\nchlog=true\nhistory=true\n[notifications]\n[ui]\nenc.warn=false\n")
with open(os.path.join(config, "tlscerts"), "w", encoding="utf-8"):
    pass


def say(*words):
    print(*words, flush=True)


child, terminal = pty.fork()
if child == 0:
    os.environ.update(HOME=home, TERM="xterm", LANG="C.UTF-8", COLUMNS="120", LINES="40", SSL_CERT_FILE=certificate)
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        os.environ.pop(name, None)
    os.execvp("profanity", ["profanity"])

screen = ""


def read():
    """What the terminal shows, without its control sequences."""
    global screen
    while True:
        try:
            data = os.read(terminal, 65536)
        except OSError:
            return
        screen = (screen + re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[()][A-Z0-9]|\x1b[=>]", "", data.decode("utf-8", "replace")))[-20000:]


def type_line(text):
    os.write(terminal, text.encode() + b"\r")


def waits_for(pattern, seconds=20):
    end = time.time() + seconds
    while time.time() < end:
        if re.search(pattern, screen):
            return True
        time.sleep(0.1)
    return False


def watch():
    """Messages that came, from the log that profanity keeps of each conversation."""
    seen = {}
    while True:
        for folder, _, names in os.walk(os.path.join(home, ".local", "share", "profanity", "chatlogs")):
            for name in names:
                path = os.path.join(folder, name)
                with open(path, encoding="utf-8") as log:
                    log.seek(seen.get(path, 0))
                    for line in log:
                        found = re.match(r"\S+ - ([^:]+): (.*)", line)
                        if found and found.group(1) != "me":
                            say("message", found.group(1), found.group(2))
                    seen[path] = log.tell()
        time.sleep(0.1)


def end(code):
    os.kill(child, signal.SIGKILL)
    shutil.rmtree(home, ignore_errors=True)
    os._exit(code)


threading.Thread(target=read, daemon=True).start()
threading.Thread(target=watch, daemon=True).start()
time.sleep(1)
type_line("/carbons on")
type_line(f"/connect {jid} server {host} port {port} tls trust")
waits_for(r"(?i)password")
time.sleep(0.3)
type_line(password)
if not waits_for(r"logged in successfully"):
    say("failed", " ".join(screen.split())[-300:])
    end(1)
say("online", jid)
while select.select([sys.stdin], [], []):
    line = sys.stdin.readline()
    if not line or line.strip() == "quit":
        break
    verb, to, text = line.rstrip("\n").split(" ", 2)
    if verb == "send":
        type_line(f"/msg {to} {text}")
type_line("/quit")
time.sleep(0.5)
end(0)
