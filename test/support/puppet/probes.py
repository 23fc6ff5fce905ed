# What the puppet uses up and what it can see from inside: each probe returns facts, with an error number by its name.
# Nothing here leaves the machine: connections go to 127.0.0.1 only, and refused calls are made with arguments that do no harm.
import errno
import os
import platform
import resource
import signal
import socket
import threading
import time

kept = []

# Number on (x86_64, aarch64) and arguments; a call that the filter lets through fails on its arguments (EFAULT, EINVAL …).
SYSCALLS = {
    "io_uring_setup": (425, 425, (1, 0)),
    "bpf": (321, 280, (0, 0, 0)),
    "keyctl": (250, 219, (0, 0, 0)),
    "add_key": (248, 217, (0, 0, 0, 0, 0)),
    "perf_event_open": (298, 241, (0, 0, -1, -1, 0)),
    "userfaultfd": (323, 282, (0,)),
    "ptrace": (101, 117, (16, -1, 0, 0)),
    "process_vm_readv": (310, 270, (0, 0, 0, 0, 0, 0)),
    "mount": (165, 40, (0, 0, 0, 0, 0)),
    "umount2": (166, 39, (0, 0)),
    "pivot_root": (155, 41, (0, 0)),
    "unshare_user": (272, 97, (0x10000000,)),
    "setns": (308, 268, (-1, 0)),
    "init_module": (175, 105, (0, 0, 0)),
    "kexec_load": (246, 104, (0, 0, 0, 0)),
    "open_by_handle_at": (304, 265, (-1, 0, 0)),
    "reboot": (169, 142, (0, 0, 0, 0)),
    "settimeofday": (164, 170, (0, 0)),
}
FAMILIES = {"INET": 2, "INET6": 10, "UNIX": 1, "NETLINK": 16, "PACKET": 17, "ALG": 38, "VSOCK": 40}


def name_of(error):
    return errno.errorcode.get(error.errno, str(error.errno)) if error else None


def attempt(action):
    try:
        action()
        return {"errno": None}
    except OSError as error:
        return {"errno": name_of(error)}


def repeat(count, action):
    """Does it up to `count` times; says how often it went well and what stopped it."""
    for done in range(count):
        try:
            kept.append(action())
        except (OSError, RuntimeError) as error:
            return {"count": done, "errno": name_of(error) if isinstance(error, OSError) else str(error)}
    return {"count": count, "errno": None}


def memory(mib, child=False):
    def fill():
        for _ in range(mib):
            kept.append(bytearray(os.urandom(4096) * 256))

    if not child:
        fill()
        return {"mib": mib}
    pid = os.fork()
    if pid == 0:
        fill()
        os._exit(0)
    return {"child": os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])}


def fork(count):
    def one():
        pid = os.fork()
        if pid == 0:
            signal.pause()
        return pid

    return repeat(count, one)


def threads(count):
    def one():
        thread = threading.Thread(target=time.sleep, args=(3600,), daemon=True)
        thread.start()
        return thread

    return repeat(count, one)


def open_files(count):
    return repeat(count, lambda: open("/dev/null"))


def write(path, bytes):
    written = 0
    chunk = b"x" * 65536
    try:
        with open(path, "wb", buffering=0) as file:
            while written < bytes:
                written += file.write(chunk[: bytes - written])
    except OSError as error:
        return {"bytes": written, "errno": name_of(error)}
    return {"bytes": written, "errno": None}


def files(path, count):
    os.makedirs(path, exist_ok=True)
    numbers = iter(range(count))
    return repeat(count, lambda: open(f"{path}/{next(numbers)}", "x").close())


def orphan(seconds, holds_pipes=False):
    reader, writer = os.pipe()
    if os.fork() == 0:
        os.setsid()
        pid = os.fork()
        if pid > 0:
            os.write(writer, str(pid).encode())
            os._exit(0)
        if not holds_pipes:
            for fd in (0, 1, 2):
                os.close(fd)
        time.sleep(seconds)
        os._exit(0)
    os.wait()
    return {"pid": int(os.read(reader, 20))}


def mark(path="/tmp/mark"):
    found = os.path.exists(path)
    open(path, "w").close()
    return {"found": found}


def sockets():
    def create(family):
        kind = socket.SOCK_STREAM if family in (1, 2, 10, 40) else socket.SOCK_RAW if family != 38 else socket.SOCK_SEQPACKET
        return attempt(lambda: socket.socket(family, kind).close())["errno"]

    return {name: create(family) for name, family in FAMILIES.items()}


def connect(port=9):
    return attempt(lambda: socket.create_connection(("127.0.0.1", port), timeout=5).close())


def network():
    def lines(path):
        return open(path).read().splitlines() if os.path.exists(path) else []

    interfaces = [line.split(":")[0].strip() for line in lines("/proc/net/dev")[2:]]
    return {"interfaces": interfaces, "routes": lines("/proc/net/route")[1:]}


def loopback():
    """A server and a client of its own, as a plugin with a helper process has them."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("localhost", port)) as client, server.accept()[0] as peer:
            client.sendall(b"hello")
            heard = peer.recv(5).decode()
    return {"heard": heard, "own_name": socket.gethostbyname(socket.gethostname())}


def syscalls():
    import ctypes  # only this probe needs it

    libc = ctypes.CDLL(None, use_errno=True)
    column = 1 if platform.machine() == "aarch64" else 0

    def call(entry):
        arguments = [ctypes.c_long(argument) for argument in entry[2]]
        ctypes.set_errno(0)
        failed = libc.syscall(ctypes.c_long(entry[column]), *arguments) < 0
        return errno.errorcode.get(ctypes.get_errno(), str(ctypes.get_errno())) if failed else None

    return {name: call(entry) for name, entry in SYSCALLS.items()}


def status():
    pairs = (line.split(":", 1) for line in open("/proc/self/status"))
    return {name: value.strip() for name, value in pairs}


def limits():
    names = [name for name in dir(resource) if name.startswith("RLIMIT_")]
    return {name.removeprefix("RLIMIT_").lower(): list(resource.getrlimit(getattr(resource, name))) for name in names}


def mounts():
    rows = (line.split() for line in open("/proc/self/mounts"))
    return {"mounts": [dict(zip(("device", "path", "type", "options"), row)) for row in rows]}


def processes():
    def line(pid):
        try:
            return open(f"/proc/{pid}/cmdline").read().replace("\0", " ").strip()
        except OSError:
            return ""

    return {"processes": [line(pid) for pid in os.listdir("/proc") if pid.isdigit()]}


def try_call(call, path):
    calls = {
        "write": lambda: open(path, "w").close(),
        "read": lambda: open(path, "rb").read(1),
        "mkdir": lambda: os.mkdir(path),
        "chmod": lambda: os.chmod(path, 0o777),
        "mknod": lambda: os.mknod(path, 0o600 | 0o020000, os.makedev(1, 3)),
        "symlink": lambda: os.symlink("/etc/passwd", path),
        "list": lambda: os.listdir(path),
    }
    return attempt(calls[call])


def exec_tmp():
    with open("/tmp/program", "w") as file:
        file.write("#!/bin/sh\nexit 0\n")
    os.chmod("/tmp/program", 0o755)
    pid = os.fork()
    if pid == 0:
        failed = attempt(lambda: os.execv("/tmp/program", ["/tmp/program"]))
        os._exit(getattr(errno, failed["errno"]))
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return {"errno": errno.errorcode.get(code) if code else None}


PROBES = {
    "memory": memory,
    "fork": fork,
    "threads": threads,
    "open_files": open_files,
    "write": write,
    "files": files,
    "orphan": orphan,
    "orphan_pipe": lambda seconds: orphan(seconds, holds_pipes=True),
    "mark": mark,
    "sockets": sockets,
    "connect": connect,
    "network": network,
    "loopback": loopback,
    "syscalls": syscalls,
    "status": status,
    "limits": limits,
    "mounts": mounts,
    "env": lambda: {"env": dict(os.environ)},
    "processes": processes,
    "try": try_call,
    "exec_tmp": exec_tmp,
    "setuid_root": lambda: attempt(lambda: os.setuid(0)),
}
