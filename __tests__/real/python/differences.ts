import type { Files } from './projects.ts'

/** Projects whose setup.py makes a difference of each kind, one a file, with the tools that make it in real projects. */

const colours = Object.fromEntries(
  ['red', 'green', 'blue', 'white', 'black'].map((name) => [`colours/${name}.txt`, `${name}\n`])
)

const common: Files = {
  'README.md': 'A little project.\n',
  'little/__init__.py': '"""A little package."""\n',
  'MANIFEST.in': 'graft colours\ngraft native\n',
  'pyproject.toml':
    '[build-system]\nrequires = ["setuptools>=64"]\nbuild-backend = "setuptools.build_meta"\n',
  ...colours
}

const setup =
  'from setuptools import setup\n\nsetup(name="little", version="1.2.3", packages=["little"], package_data={"little": ["*"]})\n'

/** Texts. */
export const textDifferences: Files = {
  ...common,
  'setup.py': `import datetime, json, locale, os, socket, tempfile, time, uuid

locale.setlocale(locale.LC_ALL, "")
EPOCH = int(os.environ["SOURCE_DATE_EPOCH"])
COLOURS = {"red", "green", "blue", "white", "black", "grey", "pink", "gold"}


def write(name, text):
    with open("little/" + name, "w", encoding="utf-8") as stream:
        stream.write(text + "\\n")


write("messages.po", 'msgid ""\\nmsgstr ""\\n"POT-Creation-Date: ' + time.strftime("%Y-%m-%d %H:%M%z") + '\\\\n"')
write("zone.txt", "made " + datetime.datetime.fromtimestamp(EPOCH).isoformat())
write("stamp.py", f"BUILT = {time.time()}")
write("year.txt", "Copyright 2020-" + time.strftime("%Y") + " the makers")
write("version.txt", "1.2.3+d" + time.strftime("%Y%m%d"))
write("keys.json", json.dumps({name: len(name) for name in COLOURS}))
write("colours.txt", " ".join(COLOURS))
write("listing.txt", " ".join(os.listdir("colours")))
write("words.txt", "\\n".join(sorted(["uno", "zoo", "sun", "tea", "ant", "dog"], key=locale.strxfrm)))
write("number.txt", "ratio " + locale.str(1.5))
write("scratch.txt", "made in " + tempfile.mkdtemp())
write("identity.txt", str(uuid.uuid4()))
write("machine.txt", "made on " + socket.gethostname())
write("threads.txt", f"threads {len(os.sched_getaffinity(0))}")
write("address.txt", repr(object()))
write("digest.txt", os.urandom(8).hex())

${setup}`
}

/** Archives, and formats of single files. */
export const fileDifferences: Files = {
  ...common,
  'native/alpha.c': 'int alpha_function(void) { return 1; }\n',
  'native/beta.c': 'int beta_function(void) { return 2; }\n',
  'native/gamma.c': 'int gamma_function(void) { return 3; }\n',
  'native/when.c': 'const char *when(void) { return __DATE__ " " __TIME__; }\n',
  'setup.py': `import gzip, os, py_compile, sqlite3, struct, subprocess, tarfile, tempfile, time, zipfile, zlib

HERE = os.path.abspath("little")
DATA = b"".join(b"line %d of %d\\n" % (number, number * number) for number in range(2000))
FIXED = (2020, 1, 1, 0, 0, 0)
CPUS = len(os.sched_getaffinity(0))
PLAIN = {name: value for name, value in os.environ.items() if name not in ("SOURCE_DATE_EPOCH", "CPPFLAGS", "CFLAGS")}


def here(name):
    return os.path.join("little", name)


def write(name, data):
    with open(here(name), "wb") as stream:
        stream.write(data)


write("time.gz", gzip.compress(DATA))
with tempfile.TemporaryDirectory() as scratch, open(here("name.gz"), "wb") as out:
    with gzip.GzipFile(os.path.basename(scratch), "wb", fileobj=out, mtime=0) as stream:
        stream.write(DATA)
write("level.gz", gzip.compress(DATA, compresslevel=CPUS, mtime=0))

with zipfile.ZipFile(here("order.zip"), "w") as archive:
    for name in os.listdir("colours"):
        archive.writestr(zipfile.ZipInfo(name, FIXED), b"x")
with zipfile.ZipFile(here("time.zip"), "w") as archive:
    archive.writestr("one.txt", b"x")
with open("made.txt", "w") as stream:
    stream.write("x")
with zipfile.ZipFile(here("mode.zip"), "w") as archive:
    info = zipfile.ZipInfo.from_file("made.txt")
    info.date_time = FIXED
    archive.writestr(info, b"x")


def plain(**changes):
    def change(info):
        info.mode, info.mtime, info.uid, info.gid, info.uname, info.gname = 0o644, 0, 0, 0, "", ""
        for name, value in changes.items():
            setattr(info, name, value)
        return info

    return change


def owned(info):
    info.mode, info.mtime = 0o644, 0
    return info


with tarfile.open(here("owner.tar"), "w", format=tarfile.USTAR_FORMAT) as archive:
    archive.add("made.txt", filter=owned)
with tarfile.open(here("time.tar"), "w", format=tarfile.USTAR_FORMAT) as archive:
    archive.add("made.txt", filter=plain(mtime=int(time.time())))

with open("module.py", "w") as stream:
    stream.write('def known(word):\\n    return word in {"red", "green", "blue", "white", "black", "grey"}\\n')
os.utime("module.py", (time.time(), time.time()))
STAMPED, HASHED = py_compile.PycInvalidationMode.TIMESTAMP, py_compile.PycInvalidationMode.UNCHECKED_HASH
with open("empty.py", "w") as stream:
    stream.write("x = 1\\n")
os.utime("empty.py", (time.time(), time.time()))
py_compile.compile("empty.py", here("stamped.pyc"), dfile="empty.py", invalidation_mode=STAMPED)
NAMED = os.path.join(tempfile.mkdtemp(), "module.py")
py_compile.compile("module.py", here("named.pyc"), dfile=NAMED, invalidation_mode=HASHED)


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


now = time.gmtime()
write(
    "picture.png",
    bytes.fromhex("89504e470d0a1a0a")
    + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    + chunk(b"tIME", struct.pack(">HBBBBB", *now[:6]))
    + chunk(b"IDAT", zlib.compress(b"\\0\\0"))
    + chunk(b"IEND", b""),
)
stamp = time.strftime("D:%Y%m%d%H%M%SZ", now)
write("paper.pdf", ("%PDF-1.4\\n1 0 obj\\n<< /CreationDate (" + stamp + ") >>\\nendobj\\ntrailer\\n<< /Info 1 0 R >>\\n%%EOF\\n").encode())

if os.path.exists(here("table.db")):
    os.unlink(here("table.db"))
table = sqlite3.connect(here("table.db"))
table.execute("create table words (word text)")
table.executemany("insert into words values (?)", [(word,) for word in {"red", "green", "blue", "white", "black"}])
table.commit()
table.close()


def cc(out, sources, *options):
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", here(out), *sources, *options], check=True, env=PLAIN)


def native(name):
    return os.path.join("native", name)


cc("when.so", [native("when.c")], "-Wl,--build-id=none")
cc("path.so", [os.path.abspath(native("alpha.c"))], "-g", "-Wl,--build-id=none")
objects = [native(name) for name in os.listdir("native") if name != "when.c"]
cc("order.so", objects, "-Wl,--build-id=none")
cc("identity.so", [os.path.abspath(native("alpha.c"))], "-g", "-Wl,--build-id=sha1")
subprocess.run(["strip", "--strip-debug", here("identity.so")], check=True)
with tempfile.TemporaryDirectory() as scratch:
    thing = os.path.join(scratch, "alpha.o")
    subprocess.run(["gcc", "-c", "-o", thing, native("alpha.c")], check=True)
    if os.path.exists(here("static.a")):
        os.unlink(here("static.a"))
    subprocess.run(["ar", "crU", here("static.a"), thing], check=True)

${setup}`
}
