"""A backend that lies in the tree and needs nothing: a build is over before setuptools would have been imported.

`[tool.own]` has `packages`, the folders that a wheel holds; an sdist holds them too, with what a build needs, and `more`.
"""

import base64
import gzip
import hashlib
import io
import os
import tarfile
import tomllib
import zipfile

EPOCH = int(os.environ["SOURCE_DATE_EPOCH"])
NEEDED = ["pyproject.toml", "README.md", "setup.cfg", "PKG-INFO"]


def settings():
    with open("pyproject.toml", "rb") as stream:
        return tomllib.load(stream)


def about(project):
    lines = [f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"]
    lines += [f"Requires-Dist: {item}\n" for item in project.get("dependencies", [])]
    return "".join(lines).encode()


def below(folders):
    for folder in folders:
        for place, inner, names in os.walk(folder):
            inner[:] = sorted(name for name in inner if name != "__pycache__")
            for name in sorted(names):
                path = os.path.join(place, name)
                with open(path, "rb") as stream:
                    yield path, stream.read()


def build_sdist(folder, config_settings=None):
    document = settings()
    project = document["project"]
    name = f"{project['name']}-{project['version']}"
    own = document["tool"]["own"]
    files = dict(below(["tools", *own["packages"], *own.get("more", [])]))
    for path in NEEDED:
        if os.path.exists(path):
            with open(path, "rb") as stream:
                files[path] = stream.read()
    files["PKG-INFO"] = about(project)
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path, content in sorted(files.items()):
            member = tarfile.TarInfo(f"{name}/{path}")
            member.size, member.mtime = len(content), EPOCH
            archive.addfile(member, io.BytesIO(content))
    with open(os.path.join(folder, f"{name}.tar.gz"), "wb") as stream:
        stream.write(gzip.compress(plain.getvalue(), mtime=0))
    return f"{name}.tar.gz"


def build_wheel(folder, config_settings=None, metadata_directory=None):
    document = settings()
    project = document["project"]
    name = f"{project['name']}-{project['version']}"
    files = dict(below(document["tool"]["own"]["packages"]))
    info = f"{name}.dist-info"
    files[f"{info}/METADATA"] = about(project)
    files[f"{info}/WHEEL"] = b"Wheel-Version: 1.0\nGenerator: own 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    scripts = "".join(f"{key} = {value}\n" for key, value in project.get("scripts", {}).items())
    if scripts:
        files[f"{info}/entry_points.txt"] = f"[console_scripts]\n{scripts}".encode()
    record = "".join(f"{path},sha256={digest(content)},{len(content)}\n" for path, content in files.items())
    files[f"{info}/RECORD"] = (record + f"{info}/RECORD,,\n").encode()
    with zipfile.ZipFile(os.path.join(folder, f"{name}-py3-none-any.whl"), "w") as archive:
        for path, content in files.items():
            entry = zipfile.ZipInfo(path, (2020, 1, 1, 0, 0, 0))
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, content)
    return f"{name}-py3-none-any.whl"


def digest(content):
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
