"""Runs the PEP 517 hooks of one project inside a sandbox: sdist from the tree, wheel from that sdist.

Started by the build environment's interpreter with one JSON argument; needs the standard library and, for the
grammar of requirements, the `packaging` that pip of the root carries. Each hook has a process of its own.
The last line of a failure is `tagproof-driver: {...}`, which the caller reads.
"""

import gzip
import importlib
import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
import traceback

MARK = "tagproof-driver: "
PIP_WHEELS = "/usr/share/python-wheels"
# What prepared-metadata.ts takes.
MOST_METADATA_FILES, MOST_METADATA_BYTES = 20, 16 * 1024 * 1024


class Failure(Exception):
    """Something that the user must know: `kind` is one of the words that build.ts explains."""

    def __init__(self, kind, message, **detail):
        super().__init__(message)
        self.record = dict(detail, kind=kind, message=message)


# -- The process of one hook ------------------------------------------------------------------------------------


def hook_process(job):
    """Calls one hook in the current folder and writes what it returned to `job["result"]`."""
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry or ".") != here]
    try:
        function = getattr(load_backend(job), job["hook"], None)
        if function is not None:
            answer = {"value": function(*job["args"]), "missing": False}
        else:
            answer = {"value": None, "missing": True}
    except BaseException as error:  # whatever a backend throws, SystemExit too, is its failure
        traceback.print_exc()
        text = "".join(traceback.format_exception_only(type(error), error)).strip()
        answer = {"exception": text[-2000:]}
    with open(job["result"], "w", encoding="utf-8") as stream:
        json.dump(answer, stream)
    sys.stdout.flush()
    return 1 if "exception" in answer else 0


def load_backend(job):
    """Imports the backend. Its compiled modules are shared between hooks, outside the tree and the environment."""
    folders = [os.path.abspath(folder) for folder in job["backend_path"]]
    sys.path[:0] = folders
    sys.pycache_prefix, sys.dont_write_bytecode = job["cache"], False
    module, _, rest = job["backend"].partition(":")
    backend = importlib.import_module(module)
    sys.pycache_prefix, sys.dont_write_bytecode = None, True
    if folders:
        origin = os.path.abspath(getattr(backend, "__file__", None) or "")
        if not any(origin.startswith(folder + os.sep) for folder in folders):
            raise ImportError(f"PEP 517: the backend {module} does not come from backend-path, but from {origin}")
    for part in rest.split(".") if rest else []:
        backend = getattr(backend, part)
    return backend


class Project:
    """One project folder with its backend."""

    def __init__(self, job, folder, environment):
        self.job, self.folder, self.environment = job, folder, environment

    def call(self, hook, *args, optional=False):
        handle, result = tempfile.mkstemp(suffix=".json")
        os.close(handle)
        job = {
            "do": "hook",
            "hook": hook,
            "args": args,
            "result": result,
            "backend": self.job["backend"],
            "backend_path": self.job["backend_path"],
            "cache": os.path.join(tempfile.gettempdir(), "compiled"),
        }
        print(f"+ {hook}", flush=True)
        command = [sys.executable, os.path.abspath(__file__), json.dumps(job)]
        status = subprocess.run(command, cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL).returncode
        answer = read_answer(result)
        os.unlink(result)
        if status != 0 or "exception" in answer:
            exception = answer.get("exception", "")
            raise Failure("hook", f"{hook} failed", hook=hook, status=status, exception=exception)
        if answer.get("missing") and not optional:
            raise Failure("hook", f"the backend has no {hook}", hook=hook, status=0, exception="")
        return answer.get("value")

    def requires(self, hook):
        wanted = self.call(hook, optional=True) or []
        if not isinstance(wanted, list) or not all(isinstance(item, str) for item in wanted):
            raise Failure("answer", f"{hook} returned no list of strings", hook=hook)
        return wanted


def read_answer(file):
    try:
        with open(file, encoding="utf-8") as stream:
            return json.load(stream)
    except ValueError:
        return {}


# -- What the environment has -----------------------------------------------------------------------------------


def import_packaging():
    wheels = sorted(os.listdir(PIP_WHEELS)) if os.path.isdir(PIP_WHEELS) else []
    for wheel in wheels:
        place = os.path.join(PIP_WHEELS, wheel)
        if wheel.startswith("pip-") and place not in sys.path:
            sys.path.append(place)
    try:
        return importlib.import_module("pip._vendor.packaging.requirements")
    except ImportError:
        return importlib.import_module("packaging.requirements")


# A name, with the least version at most. Most requirements are such, and to import the grammar out of the archive of pip
# takes as long as building a small project does.
PLAIN = re.compile(r"\s*([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:>=\s*([0-9]+(?:\.[0-9]+)*)\s*)?")
FINAL_VERSION = re.compile(r"[0-9]+(?:\.[0-9]+)*")
# What is for an extra, and for nothing else where the rest of the marker has no `or`.
FOR_EXTRA = re.compile(r"[\s\w.,<>=!~()\[\]*-]+;(.*)\bextra\s*==\s*([\"'])([\w.-]+)\2[\s)]*")


class Installed:
    """The distributions of the build environment, by normalised name."""

    def __init__(self):
        self.grammar = None
        self.found = {}
        for item in importlib.metadata.distributions(path=[sysconfig.get_path("purelib")]):
            self.found.setdefault(normalised(item.metadata["Name"] or ""), item)

    def check(self, wanted, because):
        """Each requirement, and what it needs in turn, must be there in a fitting version."""
        for text in wanted:
            for missing, reason in self.lacks(text, "", set()):
                raise Failure("requires", f"{missing}: {reason}", requirement=missing, because=because)

    def lacks(self, text, extra, seen):
        if for_another_extra(text, extra):
            return
        plain = self.read_plain(text)
        if plain is None:
            yield from self.lacks_by_grammar(text, extra, seen)
        elif plain[0] is None:
            yield text, "is not in the build environment"
        elif not plain[1]:
            yield text, f"the build environment has {plain[0].version}"
        else:
            yield from self.needs(plain[0], [], seen)

    def read_plain(self, text):
        """What a plain requirement names, and whether its version will do; None where only the grammar can tell."""
        plain = PLAIN.fullmatch(text)
        if plain is None:
            return None
        item = self.found.get(normalised(plain[1]))
        if item is None or plain[2] is None:
            return item, True
        if FINAL_VERSION.fullmatch(item.version or "") is None:
            return None
        has, least = ([int(part) for part in version.split(".")] for version in (item.version, plain[2]))
        return item, has + [0] * (len(least) - len(has)) >= least + [0] * (len(has) - len(least))

    def lacks_by_grammar(self, text, extra, seen):
        self.grammar = self.grammar or import_packaging()
        try:
            requirement = self.grammar.Requirement(text)
        except Exception as error:
            yield text, f"is no requirement ({error})"
            return
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": extra}):
            return
        if requirement.url is not None:
            yield text, "names an address, which no lock can stand for"
            return
        item = self.found.get(normalised(requirement.name))
        if item is None:
            yield text, "is not in the build environment"
        elif requirement.specifier and not requirement.specifier.contains(item.version, prereleases=True):
            yield text, f"the build environment has {item.version}"
        else:
            yield from self.needs(item, requirement.extras, seen)

    def needs(self, item, extras, seen):
        for each in [""] + sorted(extras):
            key = (normalised(item.metadata["Name"] or ""), each)
            if key not in seen:
                seen.add(key)
                for needed in item.requires or []:
                    yield from self.lacks(needed, each, seen)


def for_another_extra(text, extra):
    found = FOR_EXTRA.fullmatch(text)
    return found is not None and re.search(r"\bor\b", found[1]) is None and normalised(found[3]) != normalised(extra)


def normalised(name):
    return re.sub(r"[-_.]+", "-", name).lower()


# -- The build ----------------------------------------------------------------------------------------------------


def build(job):
    top = os.environ["BUILD_DIR"]
    out = os.environ["OUT_DIR"]
    if job["sdist"] is not None:
        build_requirement(job, out)
        return
    try:
        build_in(job, top, out)
    finally:
        if job["keep"]:
            with tarfile.open(os.path.join(out, "tree.tar"), "w") as archive:
                archive.add(top, "tree")


def build_in(job, top, out):
    source = os.path.normpath(os.path.join(top, job["path"]))
    job.update(build_system(source))
    sdist_top = os.path.join(os.path.dirname(os.path.abspath(top)), "sdist")
    environment = hook_environment(job, [tempfile.gettempdir(), sdist_top, top])
    installed = Installed()
    installed.check(job["requires"], "build-system.requires")
    project = Project(job, source, environment)
    asked = project.requires("get_requires_for_build_sdist")
    if job["do"] == "requires":
        wanted = project.requires("get_requires_for_build_wheel")
        write_asked(out, {"get_requires_for_build_sdist": asked, "get_requires_for_build_wheel": wanted})
        return
    installed.check(asked, "get_requires_for_build_sdist")
    if job["backend"].split(":")[0] == "mesonpy":
        commit_tree(top, environment)
    sdist = artifact(project.call("build_sdist", out), out, ".tar.gz", "build_sdist")
    project = Project(job, extract(os.path.join(out, sdist), sdist_top, job), environment)
    wanted, wheel = build_wheel(project, installed, out)
    result = {"requires": sorted(set(asked + wanted)), "sdist": sdist, "wheel": wheel}
    metadata = None
    if not job["stated"]:
        fresh = extract(os.path.join(out, sdist), os.path.join(os.path.dirname(sdist_top), "confirmation"), job)
        metadata = prepare_metadata(Project(job, fresh, environment), out)
    write_result(out, result if metadata is None else dict(result, metadata=metadata))


def prepare_metadata(project, out):
    """The backend's own answer on the metadata, in a process and a copy of the sdist that nothing else has touched.

    Leaves its files in `metadata/` and returns their names; None if the backend has no such hook. It is asked once
    the wheel is made, so that asking cannot change what is shipped.
    """
    hook = "prepare_metadata_for_build_wheel"
    folder = tempfile.mkdtemp()
    name = project.call(hook, folder, optional=True)
    if name is None:
        return None
    place = os.path.join(folder, name) if isinstance(name, str) else ""
    usable = isinstance(name, str) and name == os.path.basename(name) and name.endswith(".dist-info")
    if not usable or os.path.islink(place) or not os.path.isdir(place):
        raise Failure("answer", f"{hook} returned {name!r}, not the name of a *.dist-info folder", hook=hook)
    os.mkdir(os.path.join(out, "metadata"))
    files = [item for item in sorted(os.scandir(place), key=lambda item: item.name) if item.is_file(follow_symlinks=False)]
    if len(files) > MOST_METADATA_FILES or sum(item.stat().st_size for item in files) > MOST_METADATA_BYTES:
        raise Failure("answer", f"{hook} wrote more than metadata into {name}", hook=hook)
    for item in files:
        shutil.copyfile(item.path, os.path.join(out, "metadata", item.name))
    return [item.name for item in files]


def build_wheel(project, installed, out):
    wanted = project.requires("get_requires_for_build_wheel")
    installed.check(wanted, "get_requires_for_build_wheel")
    return wanted, artifact(project.call("build_wheel", out), out, ".whl", "build_wheel")


def build_requirement(job, out):
    """A wheel from the sdist of a build requirement; or only the question what its backend asks for."""
    source = extract(job["sdist"], os.path.join(tempfile.gettempdir(), "sdist"), job)
    job.update(build_system(source))
    installed = Installed()
    installed.check(job["requires"], "build-system.requires")
    project = Project(job, source, hook_environment(job, [tempfile.gettempdir()]))
    if job["do"] == "requires":
        write_asked(out, {"get_requires_for_build_wheel": project.requires("get_requires_for_build_wheel")})
        return
    wanted, wheel = build_wheel(project, installed, out)
    write_result(out, {"requires": sorted(set(wanted)), "wheel": wheel})


def build_system(source):
    """The table of PEP 518 and 517 with its defaults; requires.ts reads the same for the lock."""
    file = os.path.join(source, "pyproject.toml")
    table, stated = None, False
    if os.path.isfile(file):
        try:
            toml = importlib.import_module("tomllib")
        except ImportError:
            import_packaging()
            toml = importlib.import_module("pip._vendor.tomli")
        with open(file, "rb") as stream:
            document = toml.load(stream)
        table, stated = document.get("build-system"), states_all(document.get("project"))
    table = {"requires": ["setuptools>=40.8.0"]} if table is None else table
    return {
        "requires": table["requires"],
        "backend": table.get("build-backend", "setuptools.build_meta:__legacy__"),
        "backend_path": table.get("backend-path", []),
        "stated": stated,
    }


def states_all(project):
    """Whether `[project]` leaves nothing to code but the version, which the tag says: then nothing needs confirming."""
    return isinstance(project, dict) and set(project.get("dynamic", [])) <= {"version"}


def hook_environment(job, folders):
    """What hooks see: the environment's programs first, no stray bytecode, and compilers that forget where they ran."""
    environment = dict(os.environ)
    environment["PATH"] = os.path.dirname(sys.executable) + os.pathsep + environment.get("PATH", "/usr/bin:/bin")
    environment["PYTHONDONTWRITEBYTECODE"] = "1"
    environment["PYTHONNOUSERSITE"] = "1"
    # The tree belongs to another user than the build where user ids are mapped.
    environment.update(GIT_CONFIG_COUNT="1", GIT_CONFIG_KEY_0="safe.directory", GIT_CONFIG_VALUE_0="*")
    # Of several maps the compiler takes the last that fits: the most particular folder goes last.
    options = ("-ffile-prefix-map", "-fdebug-prefix-map", "-fmacro-prefix-map")
    maps = " ".join(f"{option}={folder}=." for folder in folders for option in options)
    names = ["CPPFLAGS"]
    # CMake knows no CPPFLAGS. Elsewhere CFLAGS would switch off the defaults of configure scripts, -O2 among them.
    asked = any("cmake" in item or "scikit-build" in item for item in job["requires"])
    if asked or shutil.which("cmake", path=environment["PATH"]):
        names = ["CFLAGS", "CXXFLAGS"]
    for name in names:
        environment[name] = maps
    return environment


def commit_tree(top, environment):
    """`meson dist` archives a commit, blobs and all: give it one of this world's tree, with the tag on it."""

    def git(*args):
        command = ["git", "-C", top, *args]
        done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
        if done.returncode != 0:
            raise Failure("git", f"git {args[0]} failed", hook="build_sdist", status=done.returncode, exception="")
        return done.stdout.decode().strip()

    date = os.environ["SOURCE_DATE_EPOCH"] + " +0000"
    for role in ("AUTHOR", "COMMITTER"):
        environment.update({f"GIT_{role}_NAME": "tree", f"GIT_{role}_EMAIL": "tree@invalid", f"GIT_{role}_DATE": date})
    tags = git("tag", "--points-at", "HEAD").split()
    os.unlink(os.path.join(top, ".git", "index"))
    # In world a the tree is the tag's own, which the thin .git replaces by one without blobs.
    shutil.rmtree(os.path.join(top, ".git", "refs", "replace"), ignore_errors=True)
    git("-c", "core.autocrlf=false", "-c", "core.attributesFile=/dev/null", "add", "--all", "--force", ".")
    commit = git("commit-tree", "-m", "tree", git("write-tree"))
    git("update-ref", "--no-deref", "HEAD", commit)
    for tag in tags:
        git("tag", "--force", tag, commit)


def artifact(name, out, suffix, hook):
    """Checks that a hook made what it says."""
    if not isinstance(name, str) or name != os.path.basename(name) or not name.endswith(suffix):
        raise Failure("answer", f"{hook} returned {name!r}, not the name of a *{suffix} file", hook=hook)
    path = os.path.join(out, name)
    if os.path.islink(path) or not os.path.isfile(path):
        raise Failure("answer", f"{hook} returned {name!r}, but there is no such file", hook=hook)
    return name


def extract(sdist, folder, job):
    """Unpacks an sdist: every time is the epoch, and in world b the files are made in reversed order."""
    epoch = int(os.environ["SOURCE_DATE_EPOCH"])
    # Inflated first: each step back in a gzip stream would inflate it from its start again.
    with tempfile.TemporaryFile() as plain, gzip.open(sdist) as packed:
        shutil.copyfileobj(packed, plain, 1 << 20)
        plain.seek(0)
        return extract_tar(plain, folder, epoch, job)


def extract_tar(plain, folder, epoch, job):
    with tarfile.open(fileobj=plain, mode="r:") as archive:
        members = archive.getmembers()
        for member in members:
            leaves = member.name.startswith("/") or ".." in member.name.split("/")
            if leaves or not (member.isfile() or member.isdir() or member.issym() or member.islnk()):
                message = f"the sdist holds {member.name!r}, which cannot be unpacked"
                raise Failure("answer", message, hook="build_sdist")
        tops = {member.name.strip("/").split("/")[0] for member in members}
        if len(tops) != 1:
            raise Failure("answer", f"the sdist has not one top folder, but {sorted(tops)[:5]}", hook="build_sdist")
        for member in reversed(members) if job["reverse"] else members:
            unpack(archive, member, os.path.join(folder, member.name), folder)
    set_times(folder, epoch)
    return os.path.join(folder, tops.pop())


def unpack(archive, member, target, folder):
    os.makedirs(target if member.isdir() else os.path.dirname(target), exist_ok=True)
    if member.issym():
        os.symlink(member.linkname, target)
    elif not member.isdir():
        if member.islnk():
            member = archive.getmember(member.linkname)
        with archive.extractfile(member) as content, open(target, "wb") as stream:
            shutil.copyfileobj(content, stream, 1 << 20)
        os.chmod(target, (member.mode & 0o755) | 0o600)


def set_times(folder, epoch):
    for place, _, files in os.walk(folder, topdown=False):
        for name in files:
            os.utime(os.path.join(place, name), (epoch, epoch), follow_symlinks=False)
        os.utime(place, (epoch, epoch))


def write_asked(out, hooks):
    asked = {hook: sorted(set(wanted)) for hook, wanted in hooks.items() if wanted}
    write_result(out, {"requires": sorted(set(sum(asked.values(), []))), "hooks": asked})


def write_result(out, result):
    with open(os.path.join(out, "result.json"), "w", encoding="utf-8") as stream:
        json.dump(result, stream, sort_keys=True)


def main():
    job = json.loads(sys.argv[1])
    if job["do"] == "hook":
        return hook_process(job)
    try:
        build(job)
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
