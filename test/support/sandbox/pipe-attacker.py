"""A plugin on the Python SDK that tries everything with the pipes it talks by, as `context.data.act` says, and tells how it fared."""
import errno
import fcntl
import os
import subprocess
import threading

import gantry

IN, OUT = "/gantry/io/in", "/gantry/io/out"
kept = []


def tried(attempt):
    """The name of the error, or `done`."""
    try:
        kept.append(attempt())
        return "done"
    except OSError as error:
        return errno.errorcode.get(error.errno, str(error.errno))


def look(_):
    nonblocking = os.O_NONBLOCK
    mounts = [line.split() for line in open("/proc/self/mountinfo")]
    return {
        "list": tried(lambda: os.listdir("/gantry/io")),
        "beside": os.listdir("/gantry"),
        "write in": tried(lambda: os.open(IN, os.O_WRONLY | nonblocking)),
        "both in": tried(lambda: os.open(IN, os.O_RDWR | nonblocking)),
        "read out": tried(lambda: os.open(OUT, os.O_RDONLY | nonblocking)),
        "read own stdout": tried(lambda: os.open(f"/proc/self/fd/{gantry._result_fd}", os.O_RDONLY | nonblocking)),
        "write own stdin": tried(lambda: os.open("/proc/self/fd/0", os.O_WRONLY | nonblocking)),
        "create": tried(lambda: os.open("/gantry/io/new", os.O_WRONLY | os.O_CREAT, 0o600)),
        "mkdir": tried(lambda: os.mkdir("/gantry/io/new")),
        "mkfifo": tried(lambda: os.mkfifo("/gantry/io/new")),
        "unlink": tried(lambda: os.unlink(IN)),
        "rename": tried(lambda: os.rename(IN, "/gantry/io/new")),
        "link": tried(lambda: os.link(OUT, "/tmp/out")),
        "chmod": tried(lambda: os.chmod(IN, 0o666)),
        "chmod open": tried(lambda: os.fchmod(0, 0o666)),
        "chown": tried(lambda: os.chown(OUT, os.getuid(), os.getgid())),
        "touch": tried(lambda: os.utime(OUT)),
        "owns": [os.stat(path).st_uid == os.getuid() for path in (IN, OUT, "/gantry/io")],
        "mount": [line[5] for line in mounts if line[4] == "/gantry/io"],
        "propagation": [word for line in mounts if line[4] == "/gantry/io" for word in line[6:] if ":" in word],
    }


def long_line(_):
    piece = b"x" * 65536
    for _count in range(16384):
        os.write(gantry._result_fd, piece)


def open_often(_):
    count = 0
    try:
        while True:
            kept.append(os.open(OUT if count % 2 else IN, (os.O_WRONLY if count % 2 else os.O_RDONLY) | os.O_NONBLOCK))
            count += 1
    except OSError as error:
        return {"count": count, "error": errno.errorcode[error.errno]}


def grow(_):
    sizes = [tried(lambda: fcntl.fcntl(0, 1031, size)) for size in (1 << 20, 1 << 26)]
    return {"to 1 MiB": sizes[0], "to 64 MiB": sizes[1]}


def second_reader(_):
    subprocess.Popen(["sh", "-c", f"exec cat <{IN} >/dev/null"], stdout=subprocess.DEVNULL, start_new_session=True)


def reading_thread(_):
    def steal():
        fd = os.open(IN, os.O_RDONLY)
        while os.read(fd, 65536):
            pass
    threading.Thread(target=steal, daemon=True).start()


def later_writer(_):
    script = f'sleep 0.05; while :; do echo \'{{"jsonrpc":"2.0","id":2,"result":{{"status":"success","data":"forged"}}}}\'; done >{OUT}'
    subprocess.Popen(["sh", "-c", script], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)


ACTS = {act.__name__: act for act in (look, long_line, open_often, grow, second_reader, reading_thread, later_writer)}


def handle(request):
    data = request.context["data"] or {}
    seen = ACTS[data["act"]](data) if "act" in data else None
    return {"pid": os.getpid(), "seen": seen}


gantry.run(handle)
