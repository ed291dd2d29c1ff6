"""Stands between a builder of images and the runtime: each step of a Dockerfile gets the conditions of its world.

The builder calls it as it would call runc. It edits the bundle's config.json and becomes runc. Nothing of the image is
run here, and no path of the image is followed out of it. What was in force, and what could not be, is written down:
one JSON line for each step.
"""

import json
import os
import re
import stat
import sys

SETTINGS = "/tagproof/settings.json"
CLOCK = "/dev/tagproof/clock.so"
TRACING = re.compile(r"(TRACEPARENT|TRACESTATE|BAGGAGE|OTEL_.*)$")
TRIPLETS = ("x86_64-linux-gnu", "aarch64-linux-gnu", "arm-linux-gnueabihf", "i386-linux-gnu", "riscv64-linux-gnu")
LIBRARIES = [
    top + middle
    for middle in ["/" + triplet for triplet in TRIPLETS] + ["64", ""]
    for top in ("/lib", "/usr/lib")
]


def main(arguments):
    with open(SETTINGS, encoding="utf-8") as file:
        settings = json.load(file)
    bundle = bundle_of(arguments)
    if bundle is not None:
        path = os.path.join(bundle, "config.json")
        with open(path, encoding="utf-8") as file:
            config = json.load(file)
        record = edit(config, settings, os.path.join(bundle, config["root"]["path"]))
        with open(path, "w", encoding="utf-8") as file:
            json.dump(config, file)
        with open(settings["steps"], "a", encoding="utf-8") as file:
            file.write(json.dumps({"variations": record}) + "\n")
    os.execv(settings["runtime"], [settings["runtime"], *arguments])


def bundle_of(arguments):
    """Folder of the bundle where a container is to be made; None for any other command."""
    if not any(word in ("run", "create") for word in arguments):
        return None
    for at, word in enumerate(arguments):
        if word in ("--bundle", "-b"):
            return arguments[at + 1]
        if word.startswith("--bundle="):
            return word.partition("=")[2]
    return "."


def edit(config, settings, rootfs):
    """Changes the configuration in place. Returns the variations: empty, or why one is not in force."""
    process, linux = config["process"], config.setdefault("linux", {})
    variables = dict(word.partition("=")[::2] for word in process.get("env", []))
    for name in [name for name in variables if TRACING.match(name)]:
        del variables[name]
    record = {}
    add_variables(variables, settings, rootfs, record)
    mounts = [entry for entry in config.get("mounts", []) if not is_unwanted(entry["destination"])]
    mounts.append(bind(settings["system"], "/sys"))
    mounts = [bind(settings["hosts"], "/etc/hosts") if is_hosts(entry) else entry for entry in mounts]
    if settings["clock"] is not None:
        record["clock"] = clock_hindrance(settings["clock"]["library"], rootfs, process["args"], variables)
        if record["clock"] == "":
            mounts.append(bind(settings["clock"]["library"], CLOCK))
            others = variables.get("LD_PRELOAD", "")
            variables["LD_PRELOAD"] = CLOCK if others == "" else f"{CLOCK}:{others}"
            variables[settings["clock"]["variable"]] = settings["clock"]["seconds"]
    config["mounts"] = mounts
    config["hostname"] = settings["hostname"]
    if "HOSTNAME" in variables:
        variables["HOSTNAME"] = settings["hostname"]
    record["host-name"] = ""
    process["env"] = [f"{name}={value}" for name, value in variables.items()]
    process["noNewPrivileges"] = True
    process["oomScoreAdj"] = 1000
    process["rlimits"] = settings["rlimits"]
    process["capabilities"] = {
        kind: [name for name in names if name in settings["capabilities"]]
        for kind, names in process.get("capabilities", {}).items()
    }
    process.pop("apparmorProfile", None)
    linux["namespaces"] = [
        entry for entry in linux.get("namespaces", []) if entry["type"] not in ("network", "user")
    ] + [{"type": "network"}]
    for kind in ("uidMappings", "gidMappings", "cgroupsPath", "resources"):
        linux.pop(kind, None)
    linux["seccomp"] = settings["seccomp"]
    linux["maskedPaths"] = sorted({*linux.get("maskedPaths", []), *settings["maskedPaths"]})
    linux["readonlyPaths"] = sorted({*linux.get("readonlyPaths", []), *settings["readonlyPaths"]})
    return record


def is_hosts(entry):
    return entry["destination"] == "/etc/hosts"


def is_unwanted(destination):
    """What tells about the machine, and the door to the builder's own records."""
    return destination == "/sys" or destination.startswith("/sys/") or destination == "/dev/otel-grpc.sock"


def bind(source, destination):
    return {
        "destination": destination,
        "type": "bind",
        "source": source,
        "options": ["rbind", "ro", "nosuid", "nodev"],
    }


def add_variables(variables, settings, rootfs, record):
    """What the Dockerfile or its base sets stays: it is part of the image."""
    own = dict(variables)
    for variation, wanted in settings["environment"].items():
        kept = [name for name in own if name in wanted or (variation == "locale" and name.startswith("LC_"))]
        absent = settings["locale"] if variation == "locale" else None
        if kept:
            record[variation] = f"the image sets {kept[0]}"
        elif absent is not None and not has_locale(rootfs, absent):
            record[variation] = f"the image has no locale {absent}"
        else:
            record[variation] = ""
            variables.update(wanted)
    for name, value in settings["threads"].items():
        variables.setdefault(name, value)
    record["cpus"] = ""
    if settings["pathTail"]:
        path = variables.get("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
        variables["PATH"] = ":".join([path, *settings["pathTail"]])
    record["path-tail"] = ""


def has_locale(rootfs, name):
    plain = name.replace("UTF-8", "utf8")
    return inside(rootfs, f"/usr/lib/locale/{plain}/LC_COLLATE") is not None


def clock_hindrance(library, rootfs, arguments, variables):
    """Why a preloaded library cannot be in force in this image; empty where it is."""
    program = program_of(rootfs, arguments[0], variables.get("PATH", ""))
    if program is None:
        return "the program of the step was not found"
    machine, loader = dynamic_loader(program)
    with open(library, "rb") as file:
        ours = file.read()
    if loader is None:
        return "the program of the step is not linked dynamically"
    if "ld-linux" not in loader:
        return "the image has another C library (" + os.path.basename(loader)[:60] + ")"
    if machine != ours[18:20]:
        return "the image is for another architecture"
    for folder in LIBRARIES:
        path = inside(rootfs, folder + "/libc.so.6")
        if path is None:
            continue
        with open(path, "rb") as file:
            theirs = file.read()
        if theirs[18:20] != machine:
            continue
        missing = [
            version for version in set(re.findall(rb"GLIBC_2\.\d+(?:\.\d+)?\0", ours)) if version not in theirs
        ]
        return "" if not missing else "the C library of the image is too old"
    return "the image has no C library that could be found"


def program_of(rootfs, name, path):
    places = [name] if "/" in name else [f"{folder}/{name}" for folder in path.split(":") if folder]
    for place in places:
        found = inside(rootfs, place)
        if found is None:
            continue
        with open(found, "rb") as file:
            line = file.readline(256)
        if not line.startswith(b"#!"):
            return found
        words = line[2:].split()
        return inside(rootfs, words[0].decode("latin-1")) if words else None
    return None


def dynamic_loader(path):
    """Machine and program interpreter of an ELF file; None for what has none."""
    with open(path, "rb") as file:
        head = file.read(64)
        if head[:4] != b"\x7fELF":
            return b"", None
        order = "little" if head[5] == 1 else "big"
        wide = head[4] == 2
        number = lambda data, at, size: int.from_bytes(data[at : at + size], order)
        offset = number(head, 32, 8) if wide else number(head, 28, 4)
        size, count = (number(head, 54, 2), number(head, 56, 2)) if wide else (number(head, 42, 2), number(head, 44, 2))
        for at in range(min(count, 128)):
            file.seek(offset + at * size)
            entry = file.read(size)
            if number(entry, 0, 4) == 3:
                place, length = (number(entry, 8, 8), number(entry, 32, 8)) if wide else (number(entry, 4, 4), number(entry, 16, 4))
                file.seek(place)
                return head[18:20], file.read(min(length, 4096)).rstrip(b"\0").decode("latin-1")
    return head[18:20], None


def inside(rootfs, path):
    """Path on this side of a regular file of the image, its links followed as the image would; None if there is none."""
    parts, done = [part for part in path.split("/") if part not in ("", ".")], []
    for _ in range(200):
        if not parts:
            here = os.path.join(rootfs, *done)
            return here if stat.S_ISREG(os.lstat(here).st_mode) else None
        part = parts.pop(0)
        if part == "..":
            done = done[:-1]
            continue
        here = os.path.join(rootfs, *done, part)
        try:
            mode = os.lstat(here).st_mode
        except OSError:
            return None
        if not stat.S_ISLNK(mode):
            done.append(part)
            continue
        target = os.readlink(here)
        parts = [word for word in target.split("/") if word not in ("", ".")] + parts
        if target.startswith("/"):
            done = []
    return None


if __name__ == "__main__":
    main(sys.argv[1:])
