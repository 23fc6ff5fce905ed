"""What Gantry calls: takes the request apart and lets greeting.py do the work. Whatever is printed is a log line."""
from gantry import log, run

from greeting import greet


def handle(request):
    name = request.context["params"].get("name") or "world"
    log("info", "greeting", name=name)
    return {"PLUGIN_NAME": greet(name)}


run(handle)
