from gantry import PluginError, run, state


def refused(change):
    """The code of the refusal."""
    try:
        return change()
    except PluginError as error:
        return error.code


def handle(request):
    count = state.update("count", lambda value: (value or 0) + 1)
    if count == 1:
        version = state.set("words/one", "žluťoučký 🐎", None)
        state.set("words/two", {"$set": {"a.b": [None]}})
        return {
            "count": count,
            "taken": refused(lambda: state.set("words/one", 0, None)),
            "stale": refused(lambda: state.set("words/one", 0, "00")),
            "long_key": refused(lambda: state.get("k" * 257)),
            "long_value": refused(lambda: state.set("k", "x" * 65536)),
            "is_version": isinstance(version, str),
        }
    page = state.list("words/", limit=1)
    rest = state.list("words/", after=page["next"])
    return {
        "count": count,
        "one": state.get("words/one"),
        "two": state.get("words/two"),
        "keys": [key["key"] for key in page["keys"] + rest["keys"]],
        "deleted": [state.delete("words/one"), state.delete("words/one")],
        "gone": state.get("words/one", "gone"),
    }


run(handle)
