# Counts the letters of a word.
from gantry import run


def handle(request):
    print("a stray print is a log line")
    return {"python": {"letters": len(request.context["data"]["word"])}}


run(handle)
