"""Gantry's SDK for Python: `run(handle)` makes a function a plugin. No dependencies, Python 3.9 or later.

Importing this module moves the real standard output aside: from then on whatever prints, also a C library or a child
process, lands on stderr as a log line. The host's first line decides whether it speaks `json` or `stream`.
"""
import collections
import contextlib
import json
import os
import select
import signal
import sys
import time
import traceback
from _thread import RLock, _local, allocate_lock, get_ident  # `threading` sets every forked child up anew, which takes as long as a small run

__all__ = ["run", "log", "progress", "metric", "state", "artifact", "skipped", "fail", "cancelled", "Request", "PluginError"]
_result_fd = os.dup(1)  # not inheritable: a child process cannot write into the protocol
os.dup2(2, 1)
_cancel = {"armed": False, "asked": False}
_session = None  # once the host speaks `stream`


class PluginError(Exception):
    """A failure the plugin reports on purpose; raised by `fail`."""
    def __init__(self, code, message, retryable=False):
        super().__init__(message)
        self.code, self.retryable = code, retryable


class Request:
    """What the host asks for.

    context: dict of `run` {id, pipeline, trigger}, `hook`, `params`, `data`, `results` [hook][plugin] {status, data}
    config: dict, the plugin's configuration · secrets: dict of name to value
    invocation: dict of `id`, `nonce`, `attempt`, `idempotencyKey`, `deadline` (ISO 8601), `timeoutMs`, `traceparent`
    """
    def __init__(self, document):
        self.context = document.get("context")
        if not isinstance(self.context, dict):
            raise PluginError("invalid_request", "the request has no context object")
        self.config, self.secrets = _dict(document.get("config")), _dict(document.get("secrets"))
        self.invocation = _dict(document.get("invocation"))


def fail(code, message, retryable=False):
    """Ends the invocation as failed. `code` is a short stable word; `retryable` says whether another attempt can help."""
    raise PluginError(code, message, retryable)


def skipped(reason):
    """The result of a plugin that had nothing to do: `return skipped("no orders today")`."""
    return {"status": "skipped", "reason": str(reason)}


def log(level, message, **fields):
    """Writes one log entry. level: debug, info, warn or error; fields: any values. Never raises."""
    level = level if level in ("debug", "info", "warn", "error") else "info"
    _tell("log", {"level": level, "message": str(message), "fields": fields})


def progress(done, total=None, message=None):
    """Says how far the work is: `done` of `total`, numbers of any unit. Never raises."""
    _tell("progress", {"done": done, "total": total, "message": message})


def metric(name, value, **labels):
    """Reports a number about the work: `name` and the names of at most 8 labels are [a-z][a-z0-9_]*. Never raises."""
    _tell("metric", {"name": name, "value": value, "labels": {label: str(of)[:100] for label, of in labels.items()}})


class _State:
    """What the plugin remembers from run to run: JSON values by key. Needs `services: [state]` and protocol `stream`.

    A refusal is a PluginError whose `code` says why: CONFLICT, FULL, INVALID_PARAMS, UNAVAILABLE, NOT_DECLARED.
    """
    ANY = object()

    def get(self, key, default=None):
        """The value, or the default."""
        value, version = self.read(key)
        return default if version is None else value

    def read(self, key):
        """The value and its version; (None, None) when there is none."""
        found = _ask("state.get", {"key": key})
        return found.get("value"), found.get("version")

    def set(self, key, value, if_version=ANY):
        """Stores the value; gives its version. if_version: only over that version; None: only where nothing is. Else CONFLICT."""
        expected = {} if if_version is self.ANY else {"ifVersion": if_version}
        return _ask("state.set", {"key": key, "value": value, **expected})["version"]

    def update(self, key, change):
        """Stores change(value) over the value (None: there is none), again and again until nobody else came between. Gives it."""
        while True:
            value, version = self.read(key)
            value = change(value)
            try:
                self.set(key, value, version)
                return value
            except PluginError as error:
                if error.code != "CONFLICT":
                    raise

    def delete(self, key, if_version=ANY):
        """True when there was one."""
        return _ask("state.delete", {"key": key, **({} if if_version is self.ANY else {"ifVersion": if_version})})["deleted"]

    def list(self, prefix="", after="", limit=100):
        """One page: {"keys": [{"key", "version", "bytes"}], "next": what `after` is for the next page, or None}."""
        return _ask("state.list", {"prefix": prefix, "after": after, "limit": limit})


class _Artifact:
    """Named bytes of the run, which stay with it. Needs `services: [artifact]` and protocol `stream`. Refusals as those of `state`."""
    PIECE = 192 * 1024

    def put(self, name, content, content_type="application/octet-stream"):
        """Stores bytes, text, or what a file opened for reading gives; over an artifact of that name. Gives {"id", "sizeBytes", "sha256"}."""
        import base64
        import io
        content = content.encode() if isinstance(content, str) else content
        file = content if hasattr(content, "read") else io.BytesIO(content)
        piece, following = file.read(self.PIECE), True
        while following:
            following = file.read(self.PIECE)
            part = {"name": name, "contentType": content_type, "chunk": base64.b64encode(piece).decode(), "last": not following}
            answer, piece = _ask("artifact.put", part), following
        return answer

    def pieces(self, name):
        """The bytes of the run's artifact, piece by piece."""
        import base64
        offset, last = 0, False
        while not last:
            answer = _ask("artifact.get", {"name": name, "offset": offset})
            piece, last = base64.b64decode(answer["chunk"]), answer["last"]
            offset += len(piece)
            yield piece

    def get(self, name):
        """All of its bytes. NOT_FOUND when the run has none of that name."""
        return b"".join(self.pieces(name))


state, artifact = _State(), _Artifact()


def _ask(method, params):
    if not _session:
        raise PluginError("NOT_SUPPORTED", f"{method} needs `protocol: stream`")
    try:
        answer = _session.ask(method, params)
    except (ValueError, TypeError, RecursionError) as error:
        raise PluginError("INVALID_PARAMS", f"{method}: {error}") from error
    if "error" not in answer:
        return _dict(answer.get("result"))
    error = _dict(answer["error"])
    code = _dict(error.get("data")).get("code", "rpc_error")
    raise PluginError(code, f"{method}: {error.get('message')}", code in ("UNAVAILABLE", "BUSY"))


def cancelled():
    """True once the host has asked the plugin to stop; it then has the grace period to return what it has.

    Under `json`, a plugin that never asks is ended at once by SIGTERM: make the first call before the long work.
    """
    if _session:
        return _session.is_cancelled()
    if not _cancel["armed"]:
        _cancel["armed"] = True
        signal.signal(signal.SIGTERM, lambda *_: _cancel.update(asked=True))
    return _cancel["asked"]


def run(handle, on_load=None, on_shutdown=None, metadata=None, config_ui=None):
    """Serves the host with `handle(request)`, then ends the process.

    handle may be `async`. It returns a dict (the data of a successful result), a full result {"status", "data", …},
    `skipped(reason)`, or None (success without data). An exception becomes an error result. Only under `stream`:
    on_load(config) before the first run, on_shutdown() before a polite stop, metadata() and config_ui() → a dict.
    """
    global _session
    lines = _Lines(0)
    while not lines.whole and not lines.has_ended:
        lines.fill()
    if lines.whole and _is_stream(lines.whole[0]):
        lifecycle = {"on_load": on_load, "on_shutdown": on_shutdown, "get_metadata": metadata, "get_config_ui": config_ui}
        _session = _Session(handle, lifecycle, lines)
        _session.serve()
    while not lines.has_ended:
        lines.fill()
    received = b"\n".join([*lines.whole, lines.rest])
    if not received.strip():
        sys.exit(0)  # the host closed an idle sandbox: nothing was asked
    code, answer = _answer(handle, lambda: _check(_parse(received)))
    _write(answer + b"\n")
    sys.exit(code)


def _is_stream(line):
    try:
        return b'"jsonrpc"' in line and "jsonrpc" in _parse(line)
    except PluginError:
        return False


def _answer(handle, read_request):
    """The exit code and the result document of one invocation."""
    try:
        code, answer = _encode(_shape(_call(handle, Request(read_request()))))
    except PluginError as error:
        code, answer = _error(error.code, error, error.retryable)
    except SystemExit as ended:
        code, answer = _error("early_exit", f"the plugin called exit({ended.code!r}) before it returned a result")
        code = ended.code if isinstance(ended.code, int) and 0 < ended.code < 256 else code
    except BaseException as error:
        _print_cause(error)
        code, answer = _error("exception", f"{type(error).__name__}: {error}")
    sys.stdout.flush()
    sys.stderr.flush()
    return code, answer


def _print_cause(error):
    """The traceback from the plugin's own first line on: the frames of this file explain nothing to its author."""
    frames = error.__traceback__
    while frames is not None and frames.tb_frame.f_code.co_filename == __file__:
        frames = frames.tb_next
    traceback.print_exception(type(error), error, frames or error.__traceback__)


def _call(function, *arguments):
    answer = function(*arguments)
    if hasattr(answer, "__await__"):
        import asyncio  # only async plugins pay for it

        async def awaited():
            return await answer
        answer = asyncio.run(awaited())
    return answer


# Made once: json.loads and json.dumps with options make one for each text.
_decoder = json.JSONDecoder(parse_constant=lambda name: int(name))
_encoder = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _parse(received):
    try:
        document = _decoder.decode(received.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise PluginError("invalid_request", f"the request is not a JSON document: {error}") from error
    if not isinstance(document, dict):
        raise PluginError("invalid_request", "the request is not a JSON object")
    return document


def _check(document, method="run"):
    version = document.get("protocol")
    if not isinstance(version, str) or version.split(".")[0] != "1":
        raise PluginError("unsupported_protocol", f"this SDK speaks protocol 1.x, the host {version!r}")
    if document.get("method", method) != method:
        raise PluginError("unsupported_method", f"this SDK answers `run`, not {document.get('method')!r}")
    return document


def _dict(value):
    return value if isinstance(value, dict) else {}


def _shape(answer):
    if answer is None or (isinstance(answer, dict) and "status" not in answer):
        return {"status": "success", "data": answer or {}}
    if not isinstance(answer, dict):
        raise PluginError("invalid_result", f"the plugin returned {type(answer).__name__}: return a dict or None")
    if answer["status"] not in ("success", "skipped", "error"):
        raise PluginError(
            "invalid_result", f"status is {answer['status']!r}: it must be success, skipped or error; "
            'data with a key of that name is returned as {"status": "success", "data": …}')
    return answer


def _encode(result):
    try:
        return (1 if result["status"] == "error" else 0), _json(result)
    except (ValueError, TypeError, RecursionError) as error:
        why = "a number is not finite, which JSON cannot say" if "range float" in str(error) else error
        raise PluginError("invalid_result", f"the result cannot be sent: {why}") from error


def _json(value):
    text = _encoder.encode(value)
    # A lone surrogate has no UTF-8 form; backslashreplace writes it as the escape JSON has for it.
    return text.encode("utf-8", "backslashreplace")


def _error(code, message, retryable=False):
    error = {"code": str(code), "message": str(message), "retryable": bool(retryable)}
    return _encode({"status": "error", "error": error})


def _tell(method, told):
    told = {name: value for name, value in told.items() if value is not None}
    try:
        text = json.dumps(told, default=str, allow_nan=False)
    except (ValueError, TypeError, RecursionError):
        text = json.dumps({name: told[name] if name in ("level", "message") else repr(told[name])[:999] for name in told})
    try:
        if _session:
            _session.notify(method, text.encode())
        elif method == "log":
            os.write(2, text.encode() + b"\n")
    except OSError:
        pass


def _write(answer, fd=_result_fd):
    written = os.write(fd, answer)
    while written < len(answer):
        written += os.write(fd, memoryview(answer)[written:])


class _Lines:
    """The lines of a descriptor as they come; `rest` is what has no end yet."""
    def __init__(self, fd):
        self.fd, self.whole, self.rest, self.has_ended = fd, collections.deque(), bytearray(), False

    def fill(self):
        chunk = os.read(self.fd, 1 << 16)  # what a pipe holds; the room for more costs ten times the reading
        self.has_ended = not chunk
        if not self.rest and chunk.find(b"\n") == len(chunk) - 1 >= 0:
            return self.whole.append(chunk[:-1])
        first, *others = chunk.split(b"\n")
        self.rest += first
        for part in others:
            self.whole.append(bytes(self.rest))
            self.rest = bytearray(part)


class _Session:
    """Serves JSON-RPC lines. A lone run is served in place, and `cancelled` looks for a `cancel` itself: no thread.

    Several at once are served by a crew. One thread, the leader, reads, and serves what it read itself: a thread for each run takes ten
    times as long as a small run. One more looks on, and reads in its place once it has been at a run for WATCH seconds, or knows that it will.
    """
    WATCH, SLOW, QUICK = 0.005, 0.0005, 0.0001

    def __init__(self, handle, lifecycle, lines):
        self.handle, self.lifecycle, self.lines = handle, lifecycle, lines
        self.runs, self.lock, self.local, self.serve_run = {}, RLock(), _local(), self.run
        self.asked, self.waiting, self.turns = 0, {}, None  # of host services; `turns`: where threads wait for theirs
        self.leader = self.main = get_ident()
        self.tmp = "/tmp" if os.getpid() == 1 else None  # outside of a sandbox it is not ours to empty

    def serve(self):
        while True:
            self.lead()
            self.stand_by()

    def lead(self):
        while self.leader == get_ident():
            if self.lines.whole:
                self.take(self.lines.whole.popleft())
            elif self.lines.has_ended:
                os._exit(0)
            else:
                self.lines.fill()

    def stand_by(self):
        """Until it is the leader. One watches, the others wait for that."""
        with self.lock:
            self.parked += 1
        with self.post:
            with self.lock:
                self.parked -= 1
            seen = None
            while True:
                rang = self.bell.acquire(timeout=-1 if self.rests else self.WATCH)
                with self.lock:
                    if not rang and not self.watches:
                        self.bell.acquire()  # it rings just now
                    if self.leader is None or (self.turn is not None and self.turn == seen):
                        self.leader, self.turn, self.watches, self.rests = get_ident(), None, True, True
                        return self.enlist()
                    seen, self.watches, self.rests = self.turn, True, self.turn is None

    def ring(self):
        if self.watches:
            self.watches = self.rests = False
            self.bell.release()

    def enlist(self):
        """One more for the crew, unless one waits: at most as many as there may be runs, and who reads."""
        if self.free and not self.parked:
            self.free -= 1
            with contextlib.suppress(RuntimeError):  # no more processes are allowed: those that there are go on
                self.thread(target=lambda: (self.stand_by(), self.serve()), daemon=True).start()

    def hand_over(self):
        """What comes next may take long, or has to be read by another one."""
        with self.lock:
            if self.turns and self.leader == get_ident():
                self.leader = None
                self.ring()

    def run_in_crew(self, key, params):
        if self.is_slow:
            self.hand_over()
        with self.lock:
            self.turn = key if self.leader == get_ident() else self.turn
            if self.rests:
                self.ring()
        began = time.perf_counter()
        self.run(key, params)
        with self.lock:
            self.turn = None if self.leader == get_ident() else self.turn
        self.is_slow = time.perf_counter() - began > (self.QUICK if self.is_slow else self.SLOW)

    def take(self, line):
        try:
            message = _parse(line)
        except PluginError as error:
            return self.send(None, {"error": {"code": -32700, "message": str(error)}})
        method, params, key = message.get("method"), _dict(message.get("params")), message.get("id")
        if method == "run":
            with self.lock:
                self.runs[key] = False
            self.serve_run(key, params)
        elif method == "cancel" and params.get("id") in self.runs:
            self.runs[params["id"]] = True
        elif key is not None and method:
            self.send(key, self.respond(method, params))
        elif key in self.waiting:
            self.waiting[key][1] = message
            self.waiting[key][0].release()
        if method == "on_shutdown":
            self.leave()

    def leave(self):
        if get_ident() == self.main:
            sys.exit(0)
        import atexit
        atexit._run_exitfuncs()  # what the main thread, which is at a run, would do at its end
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)

    def respond(self, method, params):
        try:
            if method == "initialize":
                return {"result": self.initialize(_check(params, None))}
            if method not in self.lifecycle:
                return {"error": {"code": -32601, "message": f"unknown method {method}"}}
            served, given = self.lifecycle[method], [_dict(params.get("config"))] if method == "on_load" else []
            result = _call(served, *given) if callable(served) else served
            return b'"result":' + _json(result if method.startswith("get_") and result else {})
        except BaseException as error:
            _print_cause(error)
            code = error.code if isinstance(error, PluginError) else "exception"
            return {"error": {"code": -32000, "message": f"{type(error).__name__}: {error}", "data": {"code": code}}}

    def initialize(self, params):
        self.tmp = params.get("tmp", self.tmp)
        self.empty_size = self.size_when_empty()
        if params.get("reuse") == "fork":
            import ctypes  # only a zygote pays for it
            self.prctl, self.serve_run = ctypes.CDLL(None).prctl, self.fork
            self.prctl(4, 0, 0, 0, 0)  # PR_SET_DUMPABLE: no child reads the next request from /proc/<zygote>/fd
        elif params.get("concurrency", 1) > 1:
            import threading
            self.turns, self.thread, self.free, self.parked = threading.BoundedSemaphore(16), threading.Thread, params["concurrency"], 0
            self.post, self.bell, self.turn, self.watches, self.rests = allocate_lock(), allocate_lock(), None, True, True
            self.serve_run, self.is_slow = self.run_in_crew, False
            self.bell.acquire()
            self.enlist()
        names = {"onLoad": "on_load", "onShutdown": "on_shutdown", "metadata": "get_metadata", "configUi": "get_config_ui"}
        has = {name: self.lifecycle[method] is not None for name, method in names.items()}
        return {"protocol": "1.0", "ready": True,
                "capabilities": {"cancel": True, "concurrency": True, "reuse": ["warm", "fork"], **has}}

    def run(self, key, params):
        self.local.key = key
        self.finish(key, self.frame(key, params, _answer(self.handle, lambda: params)[1]))

    def frame(self, key, params, answer):
        nonce = _json(_dict(params.get("invocation")).get("nonce"))
        key = b"%d" % key if type(key) is int else _json(key)
        return b'{"jsonrpc":"2.0","id":%s,"result":%s,"nonce":%s}}' % (key, answer[:-1], nonce)

    def finish(self, key, line):
        """Empties /tmp once nothing runs any more, then answers: an answer says that the sandbox is clean."""
        with self.lock:
            self.runs.pop(key, None)
            if self.tmp and not self.runs:
                try:
                    if os.stat(self.tmp).st_size != self.empty_size:
                        self.empty()
                except OSError:
                    pass  # the host looks for itself, and gives up a sandbox that is not clean
            _write(line + b"\n")

    def empty(self):
        import shutil  # with its archive formats the largest import of all, and few plugins leave anything
        for entry in os.scandir(self.tmp):
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path, ignore_errors=True)
            else:
                os.unlink(entry.path)

    def size_when_empty(self):
        """The size of the empty folder, if it tells: on a tmpfs each entry adds to it, and asking takes a third of listing. Else None."""
        with contextlib.suppress(OSError, TypeError):
            probe, size = os.path.join(self.tmp, ".gantry-probe"), os.stat(self.tmp).st_size
            os.mkdir(probe)
            filled, entries = os.stat(self.tmp).st_size, os.listdir(self.tmp)
            os.rmdir(probe)
            return size if len(entries) == 1 and size < filled else None
        return None

    def send(self, key, body):
        body = body if isinstance(body, bytes) else _json(body)[1:-1]
        with self.lock:
            _write(b'{"jsonrpc":"2.0","id":' + _json(key) + b"," + body + b"}\n")

    def notify(self, method, params):
        of = b',"id":' + _json(self.local.key) if hasattr(self.local, "key") else b""
        with self.lock:
            _write(b'{"jsonrpc":"2.0","method":"%s","params":%s%s}}\n' % (method.encode(), params[:-1], of))

    def ask(self, method, params):
        """The host's answer. A lone run reads it itself, and leaves what else comes; threads are woken by the one that reads."""
        if hasattr(self.local, "key"):
            params = {**params, "id": self.local.key}
        self.hand_over()
        with self.turns or contextlib.nullcontext():
            with self.lock:
                self.asked += 1
                key = f"p{self.asked}"
                slot = [allocate_lock(), None]
                slot[0].acquire()
                line = b'{"jsonrpc":"2.0","id":"%s","method":"%s","params":%s}\n' % (key.encode(), method.encode(), _json(params))
                if self.turns:
                    self.waiting[key] = slot
                _write(line)
                if not self.turns:
                    return self.read_answer(key)
            slot[0].acquire()
            return self.waiting.pop(key)[1]

    def read_answer(self, key):
        kept, mark = [], _json(key)
        while not self.lines.has_ended:
            while self.lines.whole:
                line = self.lines.whole.popleft()
                message = _parse(line) if mark in line or b'"cancel"' in line else {}
                if message.get("id") == key and "method" not in message:
                    self.lines.whole.extendleft(reversed(kept))
                    return message
                if message.get("method") == "cancel":
                    self.take(line)
                else:
                    kept.append(line)
            self.lines.fill()
        os._exit(0)

    def is_cancelled(self):
        if self.serve_run == self.run and self.lock.acquire(blocking=False):
            self.look()
            self.lock.release()
        return self.runs.get(getattr(self.local, "key", None), any(self.runs.values()))

    def look(self):
        """Takes the `cancel` lines out of what has come; the others keep their turn."""
        if not self.lines.has_ended and select.select([self.lines.fd], [], [], 0)[0]:
            self.lines.fill()
        for line in [self.lines.whole.popleft() for _ in range(len(self.lines.whole))]:
            if b'"cancel"' in line and b'"method"' in line and _parse(line).get("method") == "cancel":
                self.take(line)
            else:
                self.lines.whole.append(line)

    def fork(self, key, params):
        """A zygote's run: one child gives the answer, and nothing of it is left when the host gets it."""
        (down, to_child), (from_child, up) = os.pipe(), os.pipe()
        child = os.fork()
        if child == 0:
            os.setpgid(0, 0)
            self.prctl(4, 1, 0, 0, 0)
            os.dup2(down, 0)
            os.dup2(up, _result_fd, inheritable=False)
            for fd in (down, to_child, from_child, up):
                os.close(fd)
            self.lines, self.tmp, self.serve_run = _Lines(0), None, self.run
            try:
                self.run(key, params)
            finally:
                os._exit(0)
        os.close(down)
        os.close(up)
        answer = self.relay(key, child, _Lines(from_child), to_child)
        for kill, who in ((os.killpg, child), (os.kill, -1)) if os.getpid() == 1 else ((os.killpg, child),):
            with contextlib.suppress(ProcessLookupError):
                kill(who, signal.SIGKILL)  # -1: the first process of a sandbox also ends what has left the group
        _, status = os.waitpid(child, 0)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, 0 if os.getpid() == 1 else os.WNOHANG)[0]:
                pass
        os.close(from_child)
        os.close(to_child)
        code = "crash" if os.WIFSIGNALED(status) else "early_exit"
        why = f"the process ended ({os.waitstatus_to_exitcode(status)}) before it answered"
        lost = _error(code, why, retryable=code == "crash")[1]
        self.finish(key, answer or self.frame(key, params, lost))

    def relay(self, key, child, lines, to_child):
        """Passes on what the child tells, and a `cancel` to it, until it answers (the result) or ends (None)."""
        begin, told = b'{"jsonrpc":"2.0","id":' + _json(key) + b',"result":', False
        while not lines.has_ended:
            ready, _, _ = select.select([lines.fd] + [self.lines.fd] * (not self.lines.has_ended), [], [], 0.5)
            if self.lines.fd in ready:
                self.look()
                for line in [line for line in self.lines.whole if "method" not in _parse(line)]:  # the child asked
                    self.lines.whole.remove(line)
                    _write(line + b"\n", to_child)
            if self.runs[key] and not told:
                told = os.write(to_child, b'{"jsonrpc":"2.0","method":"cancel","params":{"id":%s}}\n' % _json(key))
            if lines.fd in ready:
                lines.fill()
            elif not ready and os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                return None  # what the child left behind holds the pipe
            while lines.whole:
                line = lines.whole.popleft()
                if line.startswith(begin):
                    return line
                _write(line + b"\n")
        return None
