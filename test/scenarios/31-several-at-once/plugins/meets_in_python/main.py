"""Answers when two invocations are at work in this process, each on a thread of its own."""
import threading

from gantry import run

both = threading.Barrier(2)


def handle(request):
    both.wait(timeout=100)
    return {"python": both.parties}


run(handle)
