"""Puts a package with a virtual environment together inside a sandbox, from parts that lie beside this file.

Started by the root's interpreter with one argument, the folder that holds `job.json` and the installed wheels; needs
the standard library, dpkg-dev and, for the grammar of requirements, the `packaging` that pip of the root carries.
No code of the project or of its dependencies runs. The last line of a failure is `tagproof-driver: {...}`.
"""

import glob
import hashlib
import importlib
import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
import traceback

MARK = "tagproof-driver: "
# The same in both worlds: what is compiled here remembers no path, but tools may.
WORK = "/tmp/package"
STAGE = WORK + "/stage"
# What the settings say of files of the tree.
MODES = {}


class Failure(Exception):
    def __init__(self, kind, message, **detail):
        super().__init__(message)
        self.record = dict(detail, kind=kind, message=message)


def run(*command, cwd=WORK, environment=None, capture=False):
    print("+ " + " ".join(command[:2]), flush=True)
    env = dict(os.environ, **(environment or {}))
    done = subprocess.run(command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE if capture else None)
    return done.returncode, (done.stdout or b"").decode("utf-8", "replace")


# -- Files --------------------------------------------------------------------------------------------------------


def place_of(path):
    return os.path.join(STAGE, path.lstrip("/"))


def new_place(path, setting):
    """Where a file goes; nothing may be there yet, nor a link on the way."""
    target = place_of(path)
    parent = os.path.dirname(target)
    os.makedirs(parent, exist_ok=True)
    if os.path.realpath(parent) != parent:
        raise Failure("setting", f"{path} lies behind a link of the package", where=setting)
    if os.path.lexists(target):
        raise Failure("setting", f"{path} is in the package already", where=setting)
    return target


def copy_file(source, path, mode, setting):
    target = new_place(path, setting)
    if os.path.islink(source):
        os.symlink(os.readlink(source), target)
        return
    shutil.copyfile(source, target)
    executable = os.stat(source).st_mode & 0o111
    os.chmod(target, 0o755 if executable else 0o644)
    if mode:
        MODES[target] = int(mode, 8)


def copy_tree(job, item):
    """A file or a folder of the tree. Of a folder the names are sorted, so that no order of the tree shows."""
    source = os.path.join(os.environ["BUILD_DIR"], item["from"])
    setting = item["setting"]
    if not os.path.lexists(source):
        raise Failure("setting", f"the tree has no {item['from']}", where=setting)
    if os.path.islink(source) or not os.path.isdir(source):
        return copy_file(source, item["to"], item["mode"], setting)
    for folder, folders, files in os.walk(source):
        folders.sort()
        inside = os.path.relpath(folder, source)
        links = [name for name in folders if os.path.islink(os.path.join(folder, name))]
        for name in sorted(files + links):
            copy_file(os.path.join(folder, name), os.path.normpath(os.path.join(item["to"], inside, name)), item["mode"], setting)


def licence(job):
    for folder in job["licence_folders"]:
        for name in job["licence_names"]:
            source = os.path.join(os.environ["BUILD_DIR"], folder, name)
            if os.path.isfile(source) and not os.path.islink(source):
                return source
    return None


def documentation(job):
    folder = "/" + job["documentation"]
    source = licence(job)
    if not os.path.lexists(place_of(folder + "/copyright")):
        if source is None:
            print("no licence file at the top of the tree: the package has no copyright file", flush=True)
        else:
            copy_file(source, folder + "/copyright", "644", "copyright")
    changelog = new_place(folder + "/changelog.Debian", "changelog")
    write(changelog, job["changelog"])
    code, _ = run("gzip", "-9n", changelog)
    if code != 0:
        raise Failure("tool", "gzip failed")


def commands(job):
    for path, text in sorted(job["links"].items()):
        target = new_place(path, "venv.commands")
        os.symlink(text, target)
        # A folder of the link is where it would be on the installed system.
        reached = os.path.normpath(os.path.join(os.path.dirname("/" + path), text))
        if not os.path.lexists(place_of(reached)):
            there = sorted(os.listdir(place_of(job["prefix"] + "/bin")))
            listed = ", ".join(name for name in there if not name.startswith("python"))
            raise Failure("setting", f"the environment has no command {os.path.basename(text)}; it has {listed}", where="venv.commands")


def write(path, text, mode=0o644):
    with open(path, "w", encoding="utf-8", errors="surrogateescape", newline="") as stream:
        stream.write(text)
    os.chmod(path, mode)


def walk(top):
    """Every path below a folder, sorted as bytes: folders too, itself not."""
    found = []
    for folder, folders, files in os.walk(top):
        found += [os.path.join(folder, name) for name in folders + files]
    return sorted(found, key=os.fsencode)


# -- The environment ------------------------------------------------------------------------------------------------


def import_packaging():
    sys.path += sorted(glob.glob("/usr/share/python-wheels/pip-*.whl"))
    for name in ("pip._vendor.packaging", "packaging"):
        try:
            return importlib.import_module(name + ".requirements")
        except ImportError:
            continue
    raise Failure("tool", "the root has no packaging, which reads requirements: its packages lack python3-pip-whl")


def normalised(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def check_requirements(job):
    """What the wheel asks for must be there; of what others ask for, what is missing is only told."""
    packaging = import_packaging()
    site = place_of(job["prefix"] + "/" + job["site"])
    found = {}
    for item in importlib.metadata.distributions(path=[site]):
        found.setdefault(normalised(item.metadata["Name"] or ""), item)
    for name, item in sorted(found.items()):
        extras = job["extras"] if name == job["project"] else []
        for text in item.requires or []:
            try:
                requirement = packaging.Requirement(text)
            except Exception as error:
                print(f"{name} asks for {text!r}, which is no requirement ({error})", flush=True)
                continue
            marker = requirement.marker
            if marker is not None and not any(marker.evaluate({"extra": extra}) for extra in [""] + extras):
                continue
            other = found.get(normalised(requirement.name))
            if other is not None and requirement.specifier.contains(other.version, prereleases=True):
                continue
            has = "is not in the package" if other is None else f"the package has {other.version}"
            if name == job["project"] and other is None:
                raise Failure("requires", f"{text}: {has}", requirement=text)
            print(f"{name} asks for {text}: {has}", flush=True)


def compile_all(job):
    """Hash-based .pyc that know the installed path; a fixed hash seed keeps sets in order before Python 3.11."""
    command = [sys.executable, "-s", "-B", "-m", "compileall", "-q", "-f", "--invalidation-mode", "checked-hash"]
    site = place_of(job["prefix"] + "/" + job["site"])
    left = {os.path.join(site, name) for name in job["uncompiled"]}
    sources = [path for path in walk(place_of(job["prefix"]) + "/lib") if path.endswith(".py") and path not in left]
    if not sources:
        return
    write(WORK + "/sources", "".join(path + "\n" for path in sources))
    code, _ = run(*command, "-s", STAGE, "-p", "/", "-i", WORK + "/sources", environment={"PYTHONHASHSEED": "0"})
    if code != 0:
        print("what cannot be compiled, as said above, is left as it is", flush=True)


# -- The package ----------------------------------------------------------------------------------------------------


def is_elf(path):
    if os.path.islink(path) or not os.path.isfile(path):
        return False
    with open(path, "rb") as stream:
        return stream.read(4) == b"\x7fELF"


def shared_libraries(job):
    objects = [path for path in walk(STAGE) if is_elf(path)]
    if job["architecture"] == "all" or not objects:
        return ""
    os.makedirs(WORK + "/debian", exist_ok=True)
    name = job["package"]
    write(WORK + "/debian/control", f"Source: {name}\nMaintainer: x <x@localhost>\n\nPackage: {name}\nArchitecture: any\nDescription: x\n")
    os.makedirs(STAGE + "/DEBIAN", exist_ok=True)
    libraries = sorted({os.path.dirname(path) for path in objects if re.match(r"lib.*\.so", os.path.basename(path))})
    options = ["-l" + folder for folder in libraries] + ["-e" + path for path in objects]
    code, text = run("dpkg-shlibdeps", "--warnings=0", "-O", "-S" + STAGE, *options, environment={"LC_ALL": "C"}, capture=True)
    os.rmdir(STAGE + "/DEBIAN")
    if code != 0:
        raise Failure("libraries", "dpkg-shlibdeps failed")
    for line in text.splitlines():
        if line.startswith("shlibs:Depends="):
            return line.split("=", 1)[1]
    return ""


def settle(epoch):
    """Modes u=rwX,go=rX save those that the settings say, and one time for all, whatever the umask is."""
    for path in walk(STAGE):
        if not os.path.islink(path):
            executable = os.path.isdir(path) or os.stat(path).st_mode & 0o100
            os.chmod(path, MODES.get(path, 0o755 if executable else 0o644))
    for path in walk(STAGE) + [STAGE]:
        os.utime(path, (epoch, epoch), follow_symlinks=False)
    os.chmod(STAGE, 0o755)


def measures():
    """Sums of MD5 as dh_md5sums writes them, conffiles apart, and the size as dpkg-gencontrol counts it."""
    size = 0
    sums = []
    for path in walk(STAGE):
        if os.path.islink(path) or not os.path.isfile(path):
            size += 1
            continue
        size += (os.stat(path).st_size + 1023) // 1024
        with open(path, "rb") as stream:
            digest = hashlib.md5(stream.read()).hexdigest()
        sums.append((os.path.relpath(path, STAGE), digest))
    return size, sums


def conffiles(job):
    found = {"/" + os.path.relpath(path, STAGE) for path in walk(STAGE + "/etc") if os.path.isfile(path) and not os.path.islink(path)}
    for path in job["conffiles"]:
        if not os.path.isfile(place_of(path)) or os.path.islink(place_of(path)):
            raise Failure("setting", f"the package has no file {path}", where="venv.conffiles")
        found.add(path)
    return sorted(found)


def control(job, libraries):
    size, sums = measures()
    kept = conffiles(job)
    os.mkdir(STAGE + "/DEBIAN")
    os.chmod(STAGE + "/DEBIAN", 0o755)
    text = job["control"].replace(job["size_mark"], str(size))
    text = text.replace(", " + job["libraries_mark"], ", " + libraries if libraries else "")
    write(STAGE + "/DEBIAN/control", text)
    lines = [f"{digest}  {path}\n" for path, digest in sums if "/" + path not in kept]
    if lines:
        write(STAGE + "/DEBIAN/md5sums", "".join(lines))
    if kept:
        write(STAGE + "/DEBIAN/conffiles", "".join(path + "\n" for path in kept))
    for name, script in sorted(job["scripts"].items()):
        write(STAGE + "/DEBIAN/" + name, script, 0o755)


def assemble(parts):
    with open(os.path.join(parts, "job.json"), encoding="utf-8") as stream:
        job = json.load(stream)
    os.makedirs(STAGE)
    os.makedirs(os.path.dirname(place_of(job["prefix"])), exist_ok=True)
    shutil.copytree(os.path.join(parts, "environment"), place_of(job["prefix"]), symlinks=True)
    check_requirements(job)
    for item in job["files"]:
        copy_tree(job, item)
    commands(job)
    documentation(job)
    compile_all(job)
    libraries = shared_libraries(job)
    settle(int(os.environ["SOURCE_DATE_EPOCH"]))
    control(job, libraries)
    epoch = int(os.environ["SOURCE_DATE_EPOCH"])
    for path in [STAGE, STAGE + "/DEBIAN"] + walk(STAGE + "/DEBIAN"):
        os.utime(path, (epoch, epoch))
    out = os.path.join(os.environ["OUT_DIR"], job["name"])
    code, _ = run("dpkg-deb", "--root-owner-group", "-Zxz", "--build", STAGE, out)
    if code != 0:
        raise Failure("tool", "dpkg-deb failed")


def main():
    try:
        assemble(sys.argv[1])
    except Failure as failure:
        record = failure.record
    except Exception as error:
        traceback.print_exc()
        record = {"kind": "driver", "message": f"{type(error).__name__}: {error}"}
    else:
        return 0
    sys.stdout.flush()
    print(MARK + json.dumps(record), file=sys.stderr, flush=True)
    return 1


if __name__ == "__main__":
    sys.exit(main())
