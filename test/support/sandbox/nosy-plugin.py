"""A plugin on the Python SDK that changes all it can of its process, looks at what another run changed, and pries into the first process."""
import ctypes
import errno
import os
import re
import resource
import signal
import subprocess
import sys

import gantry

kept = []
libc = ctypes.CDLL(None, use_errno=True)
PTRACE_ATTACH, PIDFD_OPEN, PIDFD_GETFD, PROCESS_VM_READV = 16, 434, 438, 310 if os.uname().machine == "x86_64" else 270


def umask():
    mask = os.umask(0)
    os.umask(mask)
    return oct(mask)


def state(_):
    """All that an invocation finds of its process, but for the ids."""
    return {
        "globals": kept,
        "environment": dict(os.environ),
        "folder": os.getcwd(),
        "files": sorted(os.listdir("/tmp")),
        "processes": len([name for name in os.listdir("/proc") if name.isdigit()]),
        "signals": [str(signal.getsignal(name)) for name in (signal.SIGTERM, signal.SIGUSR1, signal.SIGHUP)],
        "modules": "colorsys" in sys.modules,
        "patched": gantry.skipped.__name__,
        "umask": umask(),
        "nice": os.nice(0),
        "limits": resource.getrlimit(resource.RLIMIT_NOFILE),
        "descriptors": len(os.listdir("/proc/self/fd")),
    }


def change(_):
    import colorsys  # noqa: F401 (nothing else imports it)

    kept.append("left")
    os.environ["LEFT"] = "behind"
    os.makedirs("/tmp/left/deep")
    with open("/tmp/left/deep/file", "w") as file:
        file.write("behind")
    os.chdir("/proc")
    subprocess.Popen(["sleep", "600"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    for name in (signal.SIGTERM, signal.SIGUSR1, signal.SIGHUP):
        signal.signal(name, signal.SIG_IGN)
    gantry.skipped = state
    os.nice(5)
    resource.setrlimit(resource.RLIMIT_NOFILE, (100, 100))
    kept.append(os.dup(2))
    os.umask(0o77)
    return state(_)


def tried(attempt):
    """The name of the error, or `done`."""
    try:
        attempt()
        return "done"
    except OSError as error:
        return errno.errorcode.get(error.errno, str(error.errno))


def checked(result):
    if result == -1:
        raise OSError(ctypes.get_errno(), "refused")
    return result


def read(path, at=0):
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        return os.pread(fd, 16, at) if at else os.read(fd, 16)
    finally:
        os.close(fd)


def mapped(pid):
    """An address that is mapped in every process forked from the first: its memory begins as ours."""
    with open("/proc/self/maps") as maps:
        return int(maps.readline().split("-")[0], 16)


def copy(pid):
    target = ctypes.create_string_buffer(16)
    local = (ctypes.c_size_t * 2)(ctypes.addressof(target), 16)
    remote = (ctypes.c_size_t * 2)(mapped(pid), 16)
    checked(libc.syscall(PROCESS_VM_READV, pid, local, 1, remote, 1, 0))


def take(pid):
    handle = checked(libc.syscall(PIDFD_OPEN, pid, 0))
    try:
        checked(libc.syscall(PIDFD_GETFD, handle, 0, 0))
    finally:
        os.close(handle)


def pry(pid):
    path = f"/proc/{pid}"
    return {
        "list fd": tried(lambda: os.listdir(f"{path}/fd")),
        "link fd": tried(lambda: os.readlink(f"{path}/fd/0")),
        "open fd": tried(lambda: os.close(os.open(f"{path}/fd/0", os.O_RDONLY | os.O_NONBLOCK))),
        "mem": tried(lambda: read(f"{path}/mem", mapped(pid))),
        "write mem": tried(lambda: os.close(os.open(f"{path}/mem", os.O_RDWR))),
        "environ": tried(lambda: read(f"{path}/environ")),
        "maps": tried(lambda: read(f"{path}/maps")),
        "smaps": tried(lambda: read(f"{path}/smaps")),
        "cwd": tried(lambda: os.readlink(f"{path}/cwd")),
        "root": tried(lambda: os.listdir(f"{path}/root")),
        "thread fd": tried(lambda: os.listdir(f"{path}/task/{pid}/fd")),
        "ptrace": tried(lambda: checked(libc.ptrace(PTRACE_ATTACH, pid, 0, 0))),
        "process_vm_readv": tried(lambda: copy(pid)),
        "pidfd_getfd": tried(lambda: take(pid)),
    }


def pry_both(_):
    """What can be had of the first process, and of a process that does not hide: that the probes work."""
    child = os.fork()
    if child == 0:
        signal.pause()
        os._exit(0)
    try:
        return {"first": pry(1), "own child": pry(child)}
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def strike(data):
    """Signals the first process, which has the same user."""
    return {name: tried(lambda: os.kill(1, getattr(signal, name))) for name in data["signals"]}


def spoil(data):
    """Leaves a file of that many bytes which the SDK does not wipe."""
    gantry._session.tmp = None
    with open("/tmp/left", "wb") as file:
        file.write(b"x" * data["bytes"])


def search(data):
    """How often each pattern is found in this process's memory. A pattern is not the text itself, or it would find itself."""
    found = dict.fromkeys(data["patterns"], 0)
    with open("/proc/self/maps") as maps, open("/proc/self/mem", "rb", 0) as memory:
        for line in maps.read().splitlines():
            begin, end = (int(place, 16) for place in line.split()[0].split("-"))
            if " rw" not in line or "[v" in line:
                continue
            memory.seek(begin)
            held = memory.read(end - begin) or b""
            for pattern in found:
                found[pattern] += len(re.findall(pattern.encode(), held))
    return {"found": found, "processes": [name for name in os.listdir("/proc") if name.isdigit()]}


ACTS = {act.__name__: act for act in (state, change, pry_both, strike, spoil, search)}


def handle(request):
    data = request.context["data"] or {}
    seen = ACTS[data["act"]](data) if "act" in data else None
    return {"pid": os.getpid(), "files": sorted(os.listdir("/tmp")), "seen": seen}


gantry.run(handle)
