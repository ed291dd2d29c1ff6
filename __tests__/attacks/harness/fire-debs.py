"""Installs the debs beside it in the root that it runs in, and uses all of it: what an attack left there says so.

Run as root in a root that is thrown away afterwards.
"""

import fcntl
import glob
import http.server
import os
import re
import socket
import stat
import struct
import subprocess
import sys
import threading

USER = ["setpriv", "--reuid", "1000", "--regid", "1000", "--clear-groups", "--"]
MODULES = """import importlib, pkgutil, sys
for place in sys.path:
    for module in pkgutil.walk_packages([place], onerror=print):
        if module.name.startswith("victim"):
            try:
                importlib.import_module(module.name)
            except Exception as error:
                print(f"{module.name}: {error!r}")
"""


def run(*command):
    sys.stdout.flush()
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL).stdout.decode()


def show(*command):
    print(run(*command))


def packages():
    return [run("dpkg-deb", "--field", deb, "Package").strip() for deb in sorted(glob.glob("/attack/*.deb"))]


def files(names):
    return [path for name in names for path in run("dpkg", "--listfiles", name).splitlines() if os.path.lexists(path)]


def misuse(paths):
    """Another user of the machine writes to what it may write to, and opens devices."""
    for path in paths:
        mode = os.lstat(path).st_mode
        if "victim_" not in path:
            continue
        marker = f"print(\"fired: {owner(path)}\")"
        target = os.readlink(path) if stat.S_ISLNK(mode) else ""
        if stat.S_ISREG(mode):
            show(*USER, "sh", "-c", 'test ! -w "$1" || echo "$2" >>"$1"', "sh", path, marker)
        elif stat.S_ISDIR(mode):
            show(*USER, "sh", "-c", 'test ! -w "$1" || echo "$2" >"$1/more.py"', "sh", path, marker)
        elif stat.S_ISCHR(mode) and run(*USER, "head", "-c", "1", path) == "\0":
            print(f"fired: {owner(path)}")
        elif target.startswith("/tmp/"):
            show(*USER, "sh", "-c", 'echo "$2" >"$1"', "sh", target, marker)


def keep(debs):
    """What was written to a conffile stays there when the package is upgraded."""
    told = run("dpkg-query", "--show", "--showformat", "${Conffiles}\n", *packages())
    for path in re.findall(r"^ (/usr/\S+)", told, re.M):
        with open(path, "a") as stream:
            stream.write(f"print(\"fired: {owner(path)}\")\n")
        show("dpkg", "--force-confold", "--install", *(deb for deb in debs if f"victim-{owner(path)}_" in deb))


def owner(path):
    """NAME of a path in the package victim_NAME."""
    return re.search(r"victim_([a-z]+)", path).group(1)


def use(names):
    paths = files(names)
    misuse(paths)
    for python in ("python3", *glob.glob("/usr/lib/victim*/bin/python3")):
        show(python, "-B", "-c", MODULES)
    for path in sorted({*glob.glob("/usr/bin/victim*"), *glob.glob("/usr/sbin/victim*")}):
        show(path)
        show(*USER, path)
    for path in glob.glob("/etc/profile.d/victim*"):
        show("sh", "-c", f". {path}")
    told = run("dpkg-query", "--show", "--showformat", "${Package} ${Version} ${Depends} ${Provides} ${Homepage} ${binary:Summary}\n", *names)
    for line in told.splitlines():
        for marker in re.findall(r"fired-([a-z]+)", line):
            print(f"fired: {marker}")
        package, version, *_ = line.split(" ")
        if version != "1.2.3-1":
            print(f"fired: {package.replace('victim-', '')}")


def serve():
    """The attacker's server, in the network of this root alone: a line of code for whoever asks."""
    with socket.socket() as lo:
        fcntl.ioctl(lo, 0x8914, struct.pack("16sH14x", b"lo", 0x41))  # SIOCSIFFLAGS: up, running
    threading.Thread(target=http.server.HTTPServer(("127.0.0.1", 8123), Attacker).serve_forever, daemon=True).start()


class Attacker(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        name = self.path[1:]
        answer = f'print("fired: {name}")' if name in ("python", "heredoc", "wrapped", "asyncio") else f"echo 'fired: {name}'"
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer.encode())

    def log_message(self, *_):
        pass


def furnish():
    """What maintainer scripts ask for on a machine in use: services may start, and it has fonts."""
    for place in ("/usr/sbin/policy-rc.d", "/usr/local/bin/update-fonts-dir"):
        with open(place, "w") as stream:
            stream.write("#!/bin/sh\n")
        os.chmod(place, 0o755)


serve()
furnish()
names = packages()
debs = sorted(glob.glob("/attack/*.deb"))
show("dpkg", "--force-depends", "--force-unsafe-io", "--install", *debs)
keep(debs)
show("dpkg-trigger", "--by-package=dpkg", "/usr/share/doc")
show("dpkg", "--triggers-only", "--pending")
use(names)
show("dpkg", "--force-depends", "--purge", *names)
