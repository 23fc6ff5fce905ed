"""A plugin that behaves, but for the one thing that its first argument names; without an SDK, which would not let it.

Usage: misbehaving.py FAULT json|stream. An honest answer is {"doubled": 2 * data.n}; FAULT `none` gives nothing else.
With data.slow it works until it is cancelled. What the kit says of each fault is in test/integration/conformance.
"""
import json
import os
import pwd
import socket
import subprocess
import sys
import time

FAULT = sys.argv[1]
HOURS = 3_600
CAPABILITIES = {"cancel": True, "concurrency": True, "reuse": ["warm"]}
SAYINGS = {"get_metadata": {"made": "by hand"}, "get_config_ui": {"schema": {"type": "object", "properties": {}}}}
if FAULT.startswith("says-"):  # others offer neither
    CAPABILITIES.update(metadata=True, configUi=True)
    if FAULT == "says-list":
        SAYINGS["get_metadata"] = ["by", "hand"]
    if FAULT == "says-foreign":
        SAYINGS["get_config_ui"] = {"schema": {"type": "object", "properties": {"limit": {}, "later": {}}}}
earlier = []


def answer(document):
    """The result document of one request."""
    context = document["context"]
    data = context["data"]
    misbehave(document, data)
    number = data.get("n") if isinstance(data, dict) else None
    if not isinstance(number, int):
        return {"status": "error", "error": {"code": "no_number", "message": "data.n is no number"}}
    if FAULT == "reads-ascii" and not json.dumps(document, ensure_ascii=False).isascii():
        return {"status": "error", "error": {"code": "no_text", "message": "the request is not ASCII"}}
    if FAULT == "wrong-answer":
        number += 1
    result = {"doubled": 2 * number}
    if FAULT == "remembers":
        result["earlier"] = list(earlier)
        earlier.append(context["results"])
    return {"status": "success", "data": result}


def misbehave(document, data):
    if FAULT == "crashes-on-unknown" and "member_of_a_newer_version" in document:
        os.abort()
    if FAULT == "crashes-on-empty" and data == {}:
        os.abort()
    if FAULT == "writes-root":
        open("/plugin/cache", "w").close()
    if FAULT == "needs-network":
        socket.getaddrinfo("database.invalid", 5432)
    if FAULT == "needs-user":
        pwd.getpwuid(os.getuid())
    if FAULT == "needs-memory":
        bytes(range(256)) * (1 << 20)  # 256 MiB
    if FAULT == "ends-without-answer":
        os._exit(0)
    if FAULT == "answers-late":
        time.sleep(HOURS)
    if FAULT == "hangs-on-big" and len(json.dumps(document)) > 65_536:
        time.sleep(HOURS)
    if FAULT == "leaves-file":
        with open("/tmp/left", "w") as file:
            file.write("left" * (2 << 20))  # more than any kernel counts late
    if FAULT == "leaves-process":
        subprocess.Popen(["sleep", str(HOURS)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    if FAULT == "logs-much":
        os.write(2, b"much\n" * 500_000)


def serve_json():
    received = sys.stdin.buffer.read()
    if not received:
        os._exit(3 if FAULT == "crashes-at-end" else 0)
    text = json.dumps(answer(json.loads(received))) + "\n"
    sys.stdout.write(text * 2 if FAULT == "two-documents" else text)


def serve_stream():
    for line in sys.stdin.buffer:
        message = json.loads(line)
        method, key = message.get("method"), message.get("id")
        if method == "run":
            run(key, message["params"])
        elif method == "initialize":
            if FAULT == "never-ready":
                time.sleep(HOURS)
            reply(key, {"protocol": "1.0", "ready": True, "capabilities": CAPABILITIES})
        elif method in SAYINGS:
            reply(key, SAYINGS[method])
        elif key is not None:
            reply(key, {})
    if FAULT == "does-not-end":
        time.sleep(HOURS)


def run(key, params):
    data = params["context"]["data"]
    if isinstance(data, dict) and data.get("slow"):
        until_cancelled()
    nonce = "0" * 32 if FAULT == "foreign-nonce" else params["invocation"]["nonce"]
    if FAULT == "prints":
        os.write(1, b"now it works\n")
    reply(key, {**answer(params), "nonce": nonce})


def until_cancelled():
    for line in sys.stdin.buffer:
        if json.loads(line).get("method") == "cancel" and FAULT != "ignores-cancel":
            return


def reply(key, result):
    line = json.dumps({"jsonrpc": "2.0", "id": key, "result": result}).encode() + b"\n"
    sys.stdout.buffer.write(line * 2 if FAULT == "answers-twice" and "nonce" in result else line)
    sys.stdout.buffer.flush()


(serve_json if sys.argv[2] == "json" else serve_stream)()
