"""A build backend that needs nothing but a C compiler: packs the modules, and a library of each C file beside them."""

import base64
import hashlib
import os
import re
import shlex
import subprocess
import zipfile


def project(key):
    with open("pyproject.toml", encoding="utf-8") as stream:
        return re.findall(rf'^{key} = "(.*)"$', stream.read(), re.M)


def compiled(name):
    """With debugging symbols, which name the folder that the compiler ran in."""
    options = shlex.split(os.environ.get("CPPFLAGS", "") + " " + os.environ.get("CFLAGS", ""))
    library = f"lib{name}.so"
    command = ["gcc", "-g", "-O2", "-shared", "-fPIC", *options, "-o", library, os.path.abspath(f"{name}.c")]
    subprocess.run(command, check=True)
    return library


def build_wheel(folder, config_settings=None, metadata_directory=None):
    sources = sorted(os.listdir("."))
    libraries = [compiled(file[:-2]) for file in sources if file.endswith(".c")]
    tag = "py3-none-linux_x86_64" if libraries else "py3-none-any"
    name = f"{project('name')[0]}-{project('version')[0]}"
    members = {}
    for file in [file for file in sources if file.endswith(".py") and file != "cbackend.py"] + libraries:
        with open(file, "rb") as stream:
            members[file] = stream.read()
    info = f"{name}.dist-info"
    lines = ["Metadata-Version: 2.1", f"Name: {project('name')[0]}", f"Version: {project('version')[0]}"]
    lines += [f"Requires-Dist: {item}" for item in project("needs")]
    members[f"{info}/METADATA"] = ("\n".join(lines) + "\n").encode()
    pure = "false" if libraries else "true"
    members[f"{info}/WHEEL"] = f"Wheel-Version: 1.0\nGenerator: c\nRoot-Is-Purelib: {pure}\nTag: {tag}\n".encode()
    scripts = "".join(f"{item}\n" for item in project("script"))
    members[f"{info}/entry_points.txt"] = f"[console_scripts]\n{scripts}".encode()
    record = "".join(f"{file},sha256={digest(content)},{len(content)}\n" for file, content in members.items())
    members[f"{info}/RECORD"] = (record + f"{info}/RECORD,,\n").encode()
    wheel = f"{name}-{tag}.whl"
    with zipfile.ZipFile(os.path.join(folder, wheel), "w") as archive:
        for file, content in members.items():
            archive.writestr(zipfile.ZipInfo(file, (2020, 1, 1, 0, 0, 0)), content)
    return wheel


def digest(content):
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
