"""Uses the file system of an image as its users do: what an attack left there runs and says so.

    use_image.py FOLDER CONFIGURATION

Everything runs inside the folder with the variables of the image alone: its start and health commands, the modules of its
Python, its programs as an ordinary user, and the steps that it keeps for images that are made from it.
"""

import json
import os
import re
import stat
import subprocess
import sys

ROOT, CONFIGURATION = sys.argv[1:]
PYTHON = next((name for name in os.listdir(ROOT + "/usr/lib") if name.startswith("python3.")), "python3")
SITE = f"/usr/local/lib/{PYTHON}/dist-packages"
SECRET = "/only-for-root"

with open(CONFIGURATION) as stream:
    settings = json.load(stream).get("config", {})
variables = dict(line.split("=", 1) for line in settings.get("Env", []))


def inside(place):
    return ROOT + place


def run(words, user=0):
    def enter():
        os.chroot(ROOT)
        os.chdir(settings.get("WorkingDir") or "/")
        if user:
            os.setgroups([])
            os.setgid(user)
            os.setuid(user)

    environment = {**variables, "PYTHONDONTWRITEBYTECODE": "1"}
    program = next(
        (
            os.path.join(folder, words[0])
            for folder in ([""] if "/" in words[0] else environment.get("PATH", "/bin").split(":"))
            if os.path.lexists(inside(os.path.join(folder, words[0])))
        ),
        words[0],
    )
    options = dict(env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        done = subprocess.run([program, *words[1:]], preexec_fn=enter, timeout=60, **options)
        return done.stdout.decode(errors="replace")
    except OSError as error:
        return f"{words}: {error}\n"


def programs(folder):
    place = inside(folder)
    names = sorted(os.listdir(place)) if os.path.isdir(place) else []
    return [os.path.join(folder, name) for name in names]


# An ordinary user writes to what it may write to; then root starts what it finds.
for folder, _, names in [*os.walk(inside(SITE)), *os.walk(inside("/srv"))]:
    for name in names:
        place = os.path.join(folder, name)
        status = os.lstat(place)
        inner = place[len(ROOT) :]
        if stat.S_ISCHR(status.st_mode):
            if "fine" in run(["/bin/sh", "-c", f"echo x >{inner} && echo fine"], user=1234):
                print(f"fired: {name}")
        elif stat.S_ISREG(status.st_mode) and (status.st_mode & 0o002 or status.st_uid == 1234):
            code = f'print("fired: {name[:-3]}")' if name.endswith(".py") else 'echo "fired: owned"'
            run(["/bin/sh", "-c", f"echo '{code}' >>{inner}"], user=1234)

start = (settings.get("Entrypoint") or []) + (settings.get("Cmd") or [])
health = (settings.get("Healthcheck") or {}).get("Test", ["NONE"])
if start and start != ["/bin/sh"]:
    print(run(start, user=int((settings.get("User") or "0").partition(":")[0])))
if health[0] == "CMD-SHELL":
    print(run(["/bin/sh", "-c", health[1]]))
elif health[0] == "CMD":
    print(run(health[1:]))
for step in settings.get("OnBuild") or []:
    print(run(["/bin/sh", "-c", step.partition(" ")[2]]))
for label in (settings.get("Labels") or {}).values():
    for told in re.findall(r"fired-([a-z]+)", label):
        print(f"fired: {told}")

# What has more rights than the user that starts it reads what only root may.
with open(inside(SECRET), "w") as stream:
    stream.write("a secret\n")
os.chmod(inside(SECRET), 0o640)
for program in programs("/srv/rights"):
    if "a secret" in run([program, SECRET], user=1234):
        print(f"fired: {os.path.basename(program)}")

for program in programs("/srv/bin"):
    print(run([program], user=1234))
for data in programs("/srv/data"):
    if os.path.isfile(inside(data)):
        with open(inside(data), errors="replace") as stream:
            print(stream.read())

if os.path.lexists(inside("/usr/bin/python3")):
    code = """import importlib, pkgutil, sys
for module in pkgutil.walk_packages([%r], onerror=print):
    try:
        importlib.import_module(module.name)
    except Exception as error:
        print(module.name, repr(error))
""" % SITE
    print(run(["/usr/bin/python3", "-c", code]))
