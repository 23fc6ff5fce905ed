"""Gantry's SDK for Python: `run(handle)` makes a function a plugin. No dependencies, Python 3.9 or later.

Importing this module moves the real standard output aside: from then on whatever prints, also a C library or a
child process, lands on stderr as a log line, and only the result document reaches the host.

    from gantry import run

    def handle(request):
        return {"count": len(request.context["data"])}

    run(handle)
"""

import json
import math
import os
import signal
import sys
import traceback

__all__ = ["run", "log", "skipped", "fail", "cancelled", "Request", "PluginError"]

PROTOCOL_MAJOR = "1"
STATUSES = ("success", "skipped", "error")
LEVELS = ("debug", "info", "warn", "error")

_result_fd = os.dup(1)  # not inheritable: a child process cannot write into the protocol
os.dup2(2, 1)
_cancel = {"armed": False, "asked": False}


class Request:
    """What the host asks for.

    context: dict of `run` {id, pipeline, trigger}, `hook`, `params`, `data`, `results` [hook][plugin] {status, data}
    config: dict, the plugin's configuration · secrets: dict of name to value
    invocation: dict of `id`, `nonce`, `attempt`, `idempotencyKey`, `deadline` (ISO 8601), `timeoutMs`, `traceparent`
    """

    def __init__(self, document):
        self.context = document["context"]
        self.config = _member(document, "config")
        self.secrets = _member(document, "secrets")
        self.invocation = _member(document, "invocation")


class PluginError(Exception):
    """A failure the plugin reports on purpose; raised by `fail`."""

    def __init__(self, code, message, retryable=False):
        super().__init__(message)
        self.code = code
        self.retryable = retryable


def fail(code, message, retryable=False):
    """Ends the invocation as failed. `code` is a short stable word; `retryable` says whether another attempt can help."""
    raise PluginError(code, message, retryable)


def skipped(reason):
    """The result of a plugin that had nothing to do: `return skipped("no orders today")`."""
    return {"status": "skipped", "reason": str(reason)}


def log(level, message, **fields):
    """Writes one log line. level: debug, info, warn or error; fields: any values. Never raises."""
    entry = {"level": level if level in LEVELS else "info", "message": str(message)}
    try:
        line = json.dumps({**entry, "fields": fields}, default=str, allow_nan=False)
    except (ValueError, TypeError, RecursionError):
        line = json.dumps({**entry, "fields": {"unserialisable": repr(fields)[:1000]}})
    try:
        os.write(2, (line + "\n").encode())
    except OSError:
        pass


def cancelled():
    """True once the host has asked the plugin to stop.

    A plugin that never asks is ended at once by SIGTERM. The first call (make it before the long work) changes that:
    SIGTERM then only makes this function true, and the plugin has the grace period to return what it has.
    """
    if not _cancel["armed"]:
        _cancel["armed"] = True
        signal.signal(signal.SIGTERM, lambda *_: _cancel.update(asked=True))
    return _cancel["asked"]


def run(handle):
    """Serves the host with `handle(request)`, then ends the process.

    handle may be `async`. It returns a dict (the data of a successful result), a full result {"status", "data", …},
    `skipped(reason)`, or None (success without data). An exception becomes an error result and exit code 1.
    """
    received = sys.stdin.buffer.read()
    if not received.strip():
        sys.exit(0)  # the host closed an idle sandbox: nothing was asked
    try:
        code, answer = _encode(_shape(_call(handle, _parse(received))))
    except PluginError as error:
        code, answer = _error(error.code, str(error), error.retryable)
    except SystemExit as ended:
        code, answer = _left_early(ended)
    except BaseException as error:
        traceback.print_exc()
        code, answer = _error("exception", f"{type(error).__name__}: {error}")
    _write(answer)
    sys.exit(code)


def _call(handle, request):
    answer = handle(request)
    if hasattr(answer, "__await__"):
        import asyncio  # only async plugins pay for it

        async def awaited():
            return await answer

        answer = asyncio.run(awaited())
    return answer


def _parse(received):
    try:
        document = json.loads(received.decode("utf-8"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise PluginError("invalid_request", f"the request is not a JSON document: {error}") from error
    if not isinstance(document, dict):
        raise PluginError("invalid_request", "the request is not a JSON object")
    version = document.get("protocol")
    if not isinstance(version, str) or version.split(".")[0] != PROTOCOL_MAJOR:
        raise PluginError("unsupported_protocol", f"this SDK speaks protocol {PROTOCOL_MAJOR}.x, the host {version!r}")
    if document.get("method") != "run":
        raise PluginError("unsupported_method", f"this SDK answers `run`, not {document.get('method')!r}")
    if not isinstance(document.get("context"), dict):
        raise PluginError("invalid_request", "the request has no context object")
    return Request(document)


def _member(document, name):
    value = document.get(name)
    return value if isinstance(value, dict) else {}


def _refuse_constant(name):
    raise ValueError(f"{name} is not JSON")


def _shape(answer):
    if answer is None:
        return {"status": "success", "data": {}}
    if not isinstance(answer, dict):
        raise PluginError("invalid_result", f"the plugin returned {type(answer).__name__}: return a dict or None")
    if "status" not in answer:
        return {"status": "success", "data": answer}
    if answer["status"] not in STATUSES:
        raise PluginError(
            "invalid_result",
            f"status is {answer['status']!r}: it must be success, skipped or error; "
            'data with a key of that name is returned as {"status": "success", "data": …}',
        )
    return answer


def _encode(result):
    try:
        text = json.dumps(result, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except ValueError as error:
        place = _non_finite(result, "")
        reason = f"{place} is not a finite number, which JSON cannot say" if place else str(error)
        raise PluginError("invalid_result", f"the result cannot be sent: {reason}") from error
    except (TypeError, RecursionError) as error:
        raise PluginError("invalid_result", f"the result cannot be sent: {error}") from error
    # A lone surrogate has no UTF-8 form; backslashreplace writes it as the escape JSON has for it.
    encoded = text.encode("utf-8", "backslashreplace") + b"\n"
    return (1 if result["status"] == "error" else 0), encoded


def _non_finite(value, path):
    if isinstance(value, float):
        return None if math.isfinite(value) else path
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, (list, tuple)) else ()
    for key, member in pairs:
        found = _non_finite(member, f"{path}.{key}" if path else str(key))
        if found:
            return found
    return None


def _error(code, message, retryable=False):
    error = {"code": str(code), "message": str(message), "retryable": bool(retryable)}
    return _encode({"status": "error", "error": error})


def _left_early(ended):
    asked = ended.code
    _, answer = _error("early_exit", f"the plugin called exit({asked!r}) before it returned a result")
    return (asked if isinstance(asked, int) and 0 < asked < 256 else 1), answer


def _write(answer):
    sys.stdout.flush()
    sys.stderr.flush()
    rest = memoryview(answer)
    while rest:
        rest = rest[os.write(_result_fd, rest) :]
