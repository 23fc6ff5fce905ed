# Acts once per invocation that it is given, where the test can count it whatever becomes of Gantry: one line on stderr, which the test
# reads on the engine's side of the connection. Then it works for as long as the run's data say, and fails as often as they say.
import os
import time

from gantry import fail, run


def handle(request):
    invocation = request.invocation
    key = invocation["idempotencyKey"]
    os.write(2, f"@@acted {invocation['id']} {invocation['attempt']} {key}@@\n".encode())
    data = request.context["data"]
    time.sleep(data.get("seconds", 0))
    if invocation["attempt"] <= data.get("fails", 0):
        fail("PLANTED", "as it was asked to", retryable=True)
    return {"seen": key}


run(handle)
