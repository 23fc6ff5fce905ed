"""The plugin of the benchmarks that need one to do something: it gives back what it got, keeps a core busy, or dies."""
import os
import time

import gantry


def work(request):
    data = request.context["data"]
    if data.get("dies"):
        os._exit(1)
    burn_until = time.monotonic() + data.get("burnMs", 0) / 1000
    while time.monotonic() < burn_until:
        pass
    return data


gantry.run(work)
