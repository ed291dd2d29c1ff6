"""A build backend that needs nothing and builds itself. Wherever it runs, it knocks at a door of the loopback."""

import base64
import gzip
import hashlib
import io
import os
import re
import socket
import tarfile
import zipfile

DOOR = 0  # a test writes the port of its listener here


def knock():
    try:
        socket.create_connection(("127.0.0.1", DOOR), timeout=5).close()
        print("tinybackend: somebody is there")
    except OSError as error:
        print("tinybackend: nobody is there:", error)


knock()


def project(key):
    with open("pyproject.toml", encoding="utf-8") as stream:
        return re.findall(rf'^{key} = "(.*)"$', stream.read(), re.M)


def name_and_version():
    return f"{project('name')[0]}-{project('version')[0]}"


def metadata():
    lines = ["Metadata-Version: 2.1", f"Name: {project('name')[0]}", f"Version: {project('version')[0]}"]
    return "\n".join(lines + [f"Requires-Dist: {item}" for item in project("needs")]) + "\n"


def get_requires_for_build_wheel(config_settings=None):
    return project("asks")


def get_requires_for_build_sdist(config_settings=None):
    return project("asks-for-sdist")


def build_sdist(folder, config_settings=None):
    name = name_and_version()
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as archive:
        for file in sorted(os.listdir(".")):
            if file.endswith(".py") or file == "pyproject.toml":
                with open(file, "rb") as stream:
                    add(archive, f"{name}/{file}", stream.read())
        add(archive, f"{name}/PKG-INFO", metadata().encode())
    with open(os.path.join(folder, f"{name}.tar.gz"), "wb") as stream:
        stream.write(gzip.compress(plain.getvalue(), mtime=0))
    return f"{name}.tar.gz"


def add(archive, name, content):
    member = tarfile.TarInfo(name)
    member.size = len(content)
    member.mtime = int(os.environ.get("SOURCE_DATE_EPOCH", "1000000000"))
    archive.addfile(member, io.BytesIO(content))


def build_wheel(folder, config_settings=None, metadata_directory=None):
    name = name_and_version()
    members = {}
    for file in sorted(os.listdir(".")):
        if file.endswith(".py"):
            with open(file, "rb") as stream:
                members[file] = stream.read()
    info = f"{name}.dist-info"
    members[f"{info}/METADATA"] = metadata().encode()
    members[f"{info}/WHEEL"] = b"Wheel-Version: 1.0\nGenerator: tiny\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    record = "".join(f"{file},sha256={digest(content)},{len(content)}\n" for file, content in members.items())
    members[f"{info}/RECORD"] = (record + f"{info}/RECORD,,\n").encode()
    wheel = f"{name}-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(folder, wheel), "w") as archive:
        for file, content in members.items():
            archive.writestr(zipfile.ZipInfo(file, (2020, 1, 1, 0, 0, 0)), content)
    return wheel


def digest(content):
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
