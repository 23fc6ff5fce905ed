"""A plugin that speaks `stream` by hand, without an SDK, and breaks it in the way that `context.data.act` says."""
import json
import os
import signal
import sys
import time

OUT = 1
held = {}


def write(text):
    rest = text if isinstance(text, bytes) else text.encode()
    while rest:
        rest = rest[os.write(OUT, rest):]


def line(message):
    return json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n"


def reply(run, data, **changes):
    return line({"id": run["id"], "result": {"nonce": run["nonce"], "status": "success", "data": data, **changes}})


def late(run):
    held["late"] = run
    while True:
        time.sleep(3600)


def answer_late(*_):
    """The host asks a plugin whose time is up to end: just then comes the answer."""
    if "late" in held:
        write(reply(held["late"], "late"))
    os._exit(0)


def twice(run):
    write(reply(run, "first") + reply(run, "second"))


def foreign(run):
    write(reply(run, "foreign", nonce="f" * 32))


def early(run):
    # What the next request will be is easy to know; its nonce is not.
    write(reply({**run, "id": run["id"] + 1}, "forged"))


def early_after(run):
    write(reply(run, "mine") + reply({**run, "id": run["id"] + 1}, "forged"))


def cut(run):
    """Answers in two pieces. A negative place counts from the end."""
    bytes_ = reply(run, "whole")
    at = run["at"] if run["at"] >= 0 else len(bytes_) + run["at"]
    write(bytes_[:at])
    time.sleep(0.02)
    write(bytes_[at:])


def cut_off(run):
    write(reply(run, "whole")[: run["at"]])
    os._exit(0)


def frames(run):
    piece = line({"method": "later", "params": {}}) * 1000
    for _ in range(1000):
        write(piece)
    write(reply(run, "after the flood"))


def long_line(run):
    piece = b"x" * (1 << 20)
    for _ in range(1024):
        write(piece)


def hold(run):
    held[run["id"]] = run


ACTS = {act.__name__: act for act in (late, twice, foreign, early, early_after, cut, cut_off, frames, long_line, hold)}

signal.signal(signal.SIGTERM, answer_late)
for received in sys.stdin.buffer:
    message = json.loads(received)
    method, params = message.get("method"), message.get("params") or {}
    if method == "run":
        data = params["context"]["data"] or {}
        run = {"id": message["id"], "nonce": params["invocation"]["nonce"], "at": data.get("at", 0)}
        if "act" in data:
            ACTS[data["act"]](run)
        else:
            write(reply(run, {"pid": os.getpid(), "secrets": params["secrets"]}))
    elif "id" in message:
        write(line({"id": message["id"], "result": {"protocol": "1.0", "ready": True, "capabilities": {"concurrency": True}}}))
