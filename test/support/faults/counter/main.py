# Acts once per invocation that it is given, where the test can count it whatever becomes of Gantry: one line on stderr, which the test
# reads on the engine's side of the connection. Then it works for as long as the run's data say.
import os
import time

from gantry import run


def handle(request):
    invocation = request.invocation
    key = invocation["idempotencyKey"]
    os.write(2, f"@@acted {invocation['id']} {invocation['attempt']} {key}@@\n".encode())
    time.sleep(request.context["data"].get("seconds", 0))
    return {"seen": key}


run(handle)
