# The smallest useful plugin: a function from a request to a dict, which becomes part of the run's data.
from gantry import log, run


def handle(request):
    name = request.context["params"].get("name", "world")
    greeting = request.config.get("greeting", "Hello")
    log("info", "greeting made", name=name)
    return {"greeting": f"{greeting}, {name}!", "numbers": [1, 2, 3]}


run(handle)
