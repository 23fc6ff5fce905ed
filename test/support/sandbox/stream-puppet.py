"""A plugin on the Python SDK that does what `context.data.act` says, honest or not, and tells what it sees of earlier runs."""
import os
import signal
import subprocess
import time

import gantry

kept = []
runs = 0


def leave_process(_):
    subprocess.Popen(["sleep", "600"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)


def leave_file_writer(_):
    # Gives the SDK no chance to wipe: the file comes when the answer is out.
    subprocess.Popen(["sh", "-c", "sleep 0.05; head -c 100000 /dev/zero > /tmp/late; exec sleep 600"], start_new_session=True)


def leave_file(_):
    with open("/tmp/left", "w") as file:
        file.write("x" * 10000)


def keep_memory(data):
    kept.append(bytearray(os.urandom(1024)) * (data.get("mib", 50) * 1024))


def print_it(data):
    print(data["text"])


def crash(_):
    os._exit(3)


def hang(_):
    while True:
        time.sleep(3600)


def until_cancelled(_):
    while not gantry.cancelled():
        time.sleep(0.02)


def clean_up(_):
    gantry.log("info", "up")
    until_cancelled(_)
    gantry.log("info", "cleaned up")


def clean_up_on_term(_):
    def end(*_):
        os.write(2, b"cleaned up\n")
        os._exit(0)

    signal.signal(signal.SIGTERM, end)
    gantry.log("info", "up")
    hang(_)


def mind_nothing(_):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    gantry.log("info", "up")
    while True:
        time.sleep(0.02)


ACTS = {
    "clean_up": clean_up,
    "clean_up_on_term": clean_up_on_term,
    "mind_nothing": mind_nothing,
    "leave_process": leave_process,
    "leave_file_writer": leave_file_writer,
    "leave_file": leave_file,
    "keep_memory": keep_memory,
    "print": print_it,
    "crash": crash,
    "hang": hang,
    "until_cancelled": until_cancelled,
}


def handle(request):
    global runs
    runs += 1
    data = request.context["data"] or {}
    seen = {"pid": os.getpid(), "runs": runs, "tmp": sorted(os.listdir("/tmp")), "secrets": sorted(request.secrets.values())}
    if data.get("act") == "look_around":
        seen["environment"] = sorted(os.environ)
        seen["command"] = open("/proc/1/cmdline").read().split("\0")[:-1]
    elif "act" in data:
        ACTS[data["act"]](data)
    return seen


gantry.run(handle)
