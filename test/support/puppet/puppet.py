# Does what the test's input says; README.md beside this file has the table of steps. It uses no SDK, because it must be
# able to break every promise an SDK keeps.
import base64
import json
import os
import signal
import sys
import time
import traceback

import probes

CHUNK = (b"x" * 1023 + b"\n") * 64
STREAMS = {"stdout": 1, "stderr": 2}


class Puppet:
    def __init__(self, request):
        self.request = request
        self.seen = []
        self.result = {"status": "success", "data": {"seen": self.seen}}
        self.exit_code = 0
        self.copies = 1
        self.linger_seconds = 0

    def act(self):
        for step in self.request["context"]["data"].get("do", []):
            arguments = dict(step)
            name = arguments.pop("step")
            own = getattr(self, f"do_{name}", None)
            seen = own(**arguments) if own else probes.PROBES[name](**arguments)
            self.seen.append({"step": name, **(seen or {})})
        for _ in range(self.copies):
            write_all(1, json.dumps(self.result, separators=(",", ":")).encode() + b"\n")
        time.sleep(self.linger_seconds)
        leave(self.exit_code)

    def do_sleep(self, seconds):
        time.sleep(seconds)

    def do_sleep_at_first(self, seconds):
        if self.request["invocation"]["attempt"] == 1:
            time.sleep(seconds)

    def do_hang(self):
        while True:
            time.sleep(3600)

    def do_cpu(self, seconds):
        end = time.process_time() + seconds
        while time.process_time() < end:
            pass

    def do_exit(self, code):
        leave(code)

    def do_exit_after(self, code):
        self.exit_code = code

    def do_signal(self, name="SIGKILL"):
        os.kill(os.getpid(), getattr(signal, name))

    def do_ignore_term(self):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)

    def do_raise(self, message):
        raise RuntimeError(message)

    def do_print(self, text, stream="stdout"):
        write_all(STREAMS[stream], text.encode() + b"\n")

    def do_flood(self, bytes, stream="stdout"):
        flood(STREAMS[stream], bytes)

    def do_raw(self, text="", base64=None):
        self.copies = 0
        write_all(1, text.encode() if base64 is None else decode(base64))

    def do_silent(self):
        self.copies = 0

    def do_close_stdout(self):
        self.copies = 0
        os.close(1)

    def do_close_stderr(self):
        os.close(2)

    def do_partial_result(self):
        whole = json.dumps(self.result).encode()
        write_all(1, whole[: len(whole) // 2])
        leave(0)

    def do_second_result(self):
        self.copies = 2

    def do_deep_result(self, depth):
        self.copies = 0
        write_all(1, b'{"status":"success","data":' + b'{"a":' * depth + b"1" + b"}" * depth + b"}\n")

    def do_big_result(self, bytes):
        self.copies = 0
        write_all(1, result_of(bytes))

    def do_late_result(self, seconds):
        self.linger_seconds = seconds

    def do_slow_result(self, bytes, pieces, seconds):
        self.copies = 0
        whole = result_of(bytes)
        size = -(-len(whole) // pieces)
        for start in range(0, len(whole), size):
            write_all(1, whole[start : start + size])
            time.sleep(seconds)

    def do_result(self, document):
        self.result = document

    def do_error(self, code="told_to", message="told to fail", retryable=False):
        self.result = {"status": "error", "error": {"code": code, "message": message, "retryable": retryable}}
        self.exit_code = 1

    def do_skipped(self, reason="told to skip"):
        self.result = {"status": "skipped", "reason": reason}

    def do_merge(self, data):
        self.result["data"].update(data)

    def do_echo(self):
        self.result["data"]["request"] = self.request

    def do_log(self, level="info", message="a log line", fields=None, times=1):
        entry = json.dumps({"level": level, "message": message, "fields": fields or {}}).encode() + b"\n"
        for _ in range(times):
            write_all(2, entry)


def decode(text):
    return base64.b64decode(text)


def result_of(size):
    frame = b'{"status":"success","data":{"text":"%s"}}\n'
    return frame.replace(b"%s", b"x" * (size - len(frame) + 2))


def flood(fd, size):
    left = size
    while left > 0:
        left -= os.write(fd, CHUNK[:left] if left < len(CHUNK) else CHUNK)


def write_all(fd, content):
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(fd, rest) :]


def leave(code):
    """Without Python's own clean-up, which would wait for threads and complain about closed streams."""
    os._exit(code)


def before_reading(option):
    name, _, value = option.removeprefix("--").partition("=")
    if name == "never-read":
        time.sleep(10**9)
    elif name == "exit":
        leave(int(value))
    elif name == "sleep":
        time.sleep(float(value))
    elif name == "print":
        write_all(1, value.encode() + b"\n")
    elif name == "close-stdout":
        os.close(1)
    elif name == "flood":
        flood(1, int(value))
    else:
        raise SystemExit(f"puppet: unknown option {option}")


def main():
    for option in sys.argv[1:]:
        before_reading(option)
    received = sys.stdin.buffer.read()
    if not received:
        leave(0)
    try:
        Puppet(json.loads(received)).act()
    except Exception:
        traceback.print_exc()
        leave(1)


main()
