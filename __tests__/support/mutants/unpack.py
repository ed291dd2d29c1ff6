"""Unpacks archives with Python's own modules and GNU tar, and tells which tree each of them made.

Reads frames from standard input: a letter (t tar, g tar.gz, z zip, Z zip for Info-ZIP as well), the length in four bytes, the archive. Answers
each with one line of JSON: the name of the tool to its tree, a sorted list of [path, kind, what it holds], where a
file holds "x" or "-" (executable by its owner or not) and the SHA-256 of its content; or to a text, its complaint.
Runs as nobody where it was started as root: what it unpacks was accepted by the reader under test alone.
"""
import encodings.cp437, gzip, hashlib, io, json, os, shutil, stat, struct, subprocess, sys, tarfile, tempfile, zipfile

folder = sys.argv[1]
# All modules are loaded by now: nobody may not be able to read them.
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
os.umask(0o022)
os.environ['LC_ALL'] = 'C.UTF-8'


def tree(top):
    found = []

    def visit(at, inner):
        os.chmod(at, 0o700)
        with os.scandir(at) as entries:
            for entry in entries:
                name = inner + entry.name
                mode = entry.stat(follow_symlinks=False).st_mode
                if stat.S_ISLNK(mode):
                    found.append([name, 'symlink', os.readlink(entry.path)])
                elif stat.S_ISDIR(mode):
                    found.append([name, 'directory', ''])
                    visit(entry.path, name + '/')
                elif stat.S_ISREG(mode):
                    os.chmod(entry.path, 0o600)
                    with open(entry.path, 'rb') as file:
                        digest = hashlib.sha256(file.read()).hexdigest()
                    # A hard link shares its mode: it is put back for the other names.
                    os.chmod(entry.path, mode & 0o7777)
                    found.append([name, 'file', ('x ' if mode & 0o100 else '- ') + digest])
                else:
                    found.append([name, 'other', ''])

    visit(top, '')
    return sorted(found)


def unpacked(tool, data, letter):
    top = tempfile.mkdtemp(dir=folder)
    try:
        return tool(top, data, letter)
    except Exception as error:
        return f'{type(error).__name__}: {error}'
    finally:
        shutil.rmtree(top, ignore_errors=True)


def without_owner(member, top):
    return tarfile.tar_filter(member, top).replace(uid=None, gid=None, uname=None, gname=None, deep=False)


def python_tar(top, data, letter):
    with tarfile.open(fileobj=io.BytesIO(data), mode='r:gz' if letter == 'g' else 'r:', errorlevel=2) as archive:
        archive.extractall(top, filter=without_owner)
    return tree(top)


def gnu_tar(top, data, letter):
    target = top + '/t'
    os.mkdir(target)
    with open(top + '/a', 'wb') as file:
        file.write(data)
    flags = '-xzf' if letter == 'g' else '-xf'
    done = subprocess.run(
        ['tar', flags, top + '/a', '-C', target], stdin=subprocess.DEVNULL, capture_output=True, close_fds=False
    )
    if done.returncode != 0:
        return f'exit status {done.returncode}: ' + done.stderr.decode('utf-8', 'replace')[:300]
    return tree(target)


def python_zip(top, data, letter):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        archive.extractall(top)
        modes = {one.filename.rstrip('/'): one.external_attr >> 16 for one in archive.infolist()}
    found = tree(top)
    for entry in found:
        # Which files are executable is pip's rule: zipfile sets no modes.
        mode = modes.get(entry[0], 0)
        if entry[1] == 'file' and stat.S_ISREG(mode) and mode & 0o111:
            entry[2] = 'x' + entry[2][1:]
    return found


def info_zip(top, data, letter):
    target = top + '/t'
    os.mkdir(target)
    with open(top + '/a.zip', 'wb') as file:
        file.write(data)
    done = subprocess.run(
        ['unzip', '-qq', '-o', top + '/a.zip', '-d', target],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        close_fds=False,
    )
    # 1 is a warning: it has unpacked all the same.
    if done.returncode > 1:
        return f'exit status {done.returncode}'
    return tree(target)


tools = {
    't': {'Python tarfile': python_tar, 'GNU tar': gnu_tar},
    'g': {'Python tarfile': python_tar, 'GNU tar': gnu_tar},
    'z': {'Python zipfile': python_zip},
    'Z': {'Python zipfile': python_zip, 'Info-ZIP': info_zip},
}
while head := sys.stdin.buffer.read(5):
    letter = chr(head[0])
    data = sys.stdin.buffer.read(struct.unpack('>I', head[1:])[0])
    answer = {name: unpacked(tool, data, letter) for name, tool in tools[letter].items()}
    sys.stdout.write(json.dumps(answer) + '\n')
    sys.stdout.flush()
