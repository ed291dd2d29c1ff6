"""Packs a deb anew after a change of the attacker, with plain tar archives.

    repack.py ATTACKS DEB...

Beside this file, ATTACKS holds a module for each package: `change(control, data)` may do what it likes with the two
lists of (TarInfo, bytes), in the order of the archive.
"""

import importlib.util
import io
import os
import re
import subprocess
import sys
import tarfile

EPOCH = int(os.environ["SOURCE_DATE_EPOCH"])


def entries(deb, part):
    packed = subprocess.run(["dpkg-deb", part, deb], check=True, stdout=subprocess.PIPE).stdout
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        return [(one, archive.extractfile(one).read() if one.isfile() else b"") for one in archive]


def member(name, content=b"", **fields):
    info = tarfile.TarInfo(name)
    info.mtime = EPOCH
    info.size = len(content)
    info.uname = info.gname = "root"
    for field, value in fields.items():
        setattr(info, field, value)
    return info, content


def packed(pairs):
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for info, content in pairs:
            archive.addfile(info, io.BytesIO(content))
    return plain.getvalue()


def ar(parts):
    out = [b"!<arch>\n"]
    for name, content in parts:
        out.append(f"{name:<16}{EPOCH:<12}{0:<6}{0:<6}{'100644':<8}{len(content):<10}`\n".encode())
        out.append(content + b"\n" * (len(content) % 2))
    return b"".join(out)


def main(attacks, debs):
    for deb in debs:
        name = re.sub(r"^victim-|_.*", "", os.path.basename(deb))
        place = os.path.join(attacks, name + ".py")
        if not os.path.exists(place):
            continue
        spec = importlib.util.spec_from_file_location(name, place)
        attack = importlib.util.module_from_spec(spec)
        attack.member = member
        spec.loader.exec_module(attack)
        control, data = entries(deb, "--ctrl-tarfile"), entries(deb, "--fsys-tarfile")
        attack.change(control, data)
        parts = [("debian-binary", b"2.0\n"), ("control.tar", packed(control)), ("data.tar", packed(data))]
        with open(deb, "wb") as stream:
            stream.write(ar(parts))


main(sys.argv[1], sys.argv[2:])
