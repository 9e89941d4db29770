"""Runs a program and writes what it and everything below it used: meter.py RESULT PROGRAM ARGUMENT...

Linux counts the processor time of a process for whoever waits for it. What the program leaves behind (a plugin that is
killed and not waited for, a connection kept open) is handed to this process, which waits for it too.
"""

import ctypes
import json
import os
import resource
import signal
import sys
import time

PR_SET_CHILD_SUBREAPER = 36
# Seconds for what is left behind to end by itself.
GRACE = 2


def left_behind():
    with open(f"/proc/self/task/{os.getpid()}/children") as children:
        return [int(pid) for pid in children.read().split()]


def reap():
    """True when nobody is left."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0] != 0:
            pass
    except ChildProcessError:
        return True
    return False


def main(result, command):
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")
    # The program is told by whoever tells us, and ends first.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    begun = time.monotonic()
    program = os.posix_spawnp(command[0], command, os.environ, setsigdef=[signal.SIGINT])
    while True:
        pid, status = os.wait()
        if pid == program:
            break
    wall = time.monotonic() - begun
    while not reap():
        if time.monotonic() - begun - wall > GRACE:
            for pid in left_behind():
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.01)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    with open(result, "w") as file:
        json.dump({"wall_s": wall, "cpu_s": used.ru_utime + used.ru_stime, "peak_kib": used.ru_maxrss}, file)
    return os.waitstatus_to_exitcode(status) % 256


sys.exit(main(sys.argv[1], sys.argv[2:]))
