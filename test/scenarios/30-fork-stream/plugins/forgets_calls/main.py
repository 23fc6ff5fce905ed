"""Counts in memory what its process was asked, and leaves a file behind: neither is there at the next call."""
import os

from gantry import run

seen = {"loads": 0, "calls": 0}


def on_load(config):
    seen["loads"] += 1


def handle(request):
    seen["calls"] += 1
    files = len(os.listdir("/tmp"))
    with open("/tmp/trace", "w") as trace:
        trace.write("trace")
    return {request.context["hook"]: {**seen, "files": files}}


run(handle, on_load=on_load)
