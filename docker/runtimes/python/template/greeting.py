"""The work itself, without a word about Gantry: `python3 -m unittest` tests it anywhere."""


def greet(name):
    return f"Hello, {name}!"
