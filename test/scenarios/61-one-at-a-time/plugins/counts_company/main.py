"""Says how many invocations, this one among them, were at work in this process at once."""
import threading
import time

from gantry import run

lock = threading.Lock()
here = 0


def enter(by):
    global here
    with lock:
        here += by
        return here


def handle(request):
    most = enter(1)
    for _ in range(20):
        time.sleep(0.01)
        most = max(most, here)
    enter(-1)
    return {"at_once": most}


run(handle)
