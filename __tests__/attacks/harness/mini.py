"""A backend that needs nothing, and packs as `variant.py` beside it likes: hostile archives come out of a real build."""

import base64
import gzip
import hashlib
import io
import os
import re
import tarfile
import zipfile

import variant

EPOCH = int(os.environ.get("SOURCE_DATE_EPOCH", "1714979289"))


def project(key):
    with open("pyproject.toml", encoding="utf-8") as stream:
        return re.findall(rf'^{key} = "(.*)"$', stream.read(), re.M)[0]


def full_name():
    return project("name").replace("-", "_") + "-" + project("version")


def metadata():
    return f"Metadata-Version: 2.1\nName: {project('name')}\nVersion: {project('version')}\n".encode()


def tree():
    found = {}
    for place, folders, files in os.walk("."):
        folders[:] = sorted(name for name in folders if name not in ("__pycache__", ".git"))
        for name in sorted(files):
            path = os.path.relpath(os.path.join(place, name), ".")
            with open(path, "rb") as stream:
                found[path] = stream.read()
    return found


def build_sdist(folder, config_settings=None):
    name = full_name()
    members = {f"{name}/{path}": content for path, content in tree().items()}
    members[f"{name}/PKG-INFO"] = metadata()
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path, content in sorted(members.items()):
            add(archive, path, content)
        getattr(variant, "more_of_sdist", nothing)(archive, name)
    packed = getattr(variant, "pack_sdist", pack_sdist)(plain.getvalue(), name)
    with open(os.path.join(folder, f"{name}.tar.gz"), "wb") as stream:
        stream.write(packed)
    return f"{name}.tar.gz"


def pack_sdist(plain, name):
    return gzip.compress(plain, mtime=0)


def nothing(*_):
    pass


def add(archive, name, content=b"", **fields):
    member = tarfile.TarInfo(name)
    member.size = len(content)
    member.mtime = EPOCH
    for field, value in fields.items():
        setattr(member, field, value)
    archive.addfile(member, io.BytesIO(content))


def build_wheel(folder, config_settings=None, metadata_directory=None):
    name = full_name()
    package = project("name").replace("-", "_") + "/"
    files = {path: content for path, content in tree().items() if path.startswith(package)}
    info = f"{name}.dist-info"
    files[f"{info}/METADATA"] = metadata()
    files[f"{info}/WHEEL"] = b"Wheel-Version: 1.0\nGenerator: mini 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    getattr(variant, "change", nothing)(files, info)
    record = "".join(f"{path},sha256={digest(content)},{len(content)}\n" for path, content in files.items())
    files[f"{info}/RECORD"] = (record + f"{info}/RECORD,,\n").encode()
    packed = getattr(variant, "pack_wheel", pack_wheel)(files, info)
    wheel = f"{getattr(variant, 'WHEEL_NAME', name)}-py3-none-any.whl"
    with open(os.path.join(folder, wheel), "wb") as stream:
        stream.write(packed)
    return wheel


def pack_wheel(files, info):
    return zipped(files.items())


def zipped(pairs):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for path, content in pairs:
            entry = zipfile.ZipInfo("x", (2020, 1, 1, 0, 0, 0))
            entry.filename = entry.orig_filename = path
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, content)
    return out.getvalue()


def digest(content):
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
