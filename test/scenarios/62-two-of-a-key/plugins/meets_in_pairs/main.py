"""Answers when two invocations are at work in this process."""
import threading

from gantry import run

pair = threading.Barrier(2)


def handle(request):
    pair.wait(timeout=100)
    return {"pair": pair.parties}


run(handle)
