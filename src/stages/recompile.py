# Compiles sources again and compares the result with bytecode. Imports and runs nothing of them.
#
# A compiled module may be written with other marks of shared objects (marshal's FLAG_REF) than another process writes
# it with: what counts is that the code is the same in every part, and that the header is right.
import hashlib
import importlib.util
import io
import json
import marshal
import os
import sys
import types

SHOWN = ("co_filename", "co_name", "co_qualname", "co_argcount", "co_posonlyargcount", "co_kwonlyargcount", "co_nlocals",
         "co_stacksize", "co_flags", "co_code", "co_names", "co_varnames", "co_freevars", "co_cellvars", "co_firstlineno",
         "co_linetable", "co_lnotab", "co_exceptiontable")


def same(one, other):
    if type(one) is not type(other):
        return False
    if isinstance(one, types.CodeType):
        return all(getattr(one, name, None) == getattr(other, name, None) for name in SHOWN) and same(one.co_consts, other.co_consts)
    if isinstance(one, tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, frozenset):
        return one == other and sorted(map(typed, one)) == sorted(map(typed, other))
    # 0.0 and -0.0, nan: equal values of other bits.
    return repr(one) == repr(other)


def typed(value):
    return type(value).__name__ + repr(value)


def expected(source, bytecode, path, level):
    header = bytecode[:16]
    flags = int.from_bytes(header[4:8], "little")
    if header[:4] != importlib.util.MAGIC_NUMBER:
        return None
    if flags == 0:
        size = len(source) & 0xFFFFFFFF
        if int.from_bytes(header[12:16], "little") != size:
            return None
    elif flags == 3:
        if header[8:16] != importlib.util.source_hash(source):
            return None
    else:
        return None
    code = compile(source, path, "exec", dont_inherit=True, optimize=level)
    if header + marshal.dumps(code) == bytecode:
        return bytecode
    rest = io.BytesIO(bytecode[16:])
    found = marshal.load(rest)
    # What follows the code runs nowhere, and has no business there.
    return bytecode if same(code, found) and rest.read(1) == b"" else header + marshal.dumps(code)


def main(folder):
    with open(os.path.join(folder, "pairs.json"), encoding="utf-8") as file:
        pairs = json.load(file)
    hashes = []
    for at, pair in enumerate(pairs):
        with open(os.path.join(folder, f"{at}.py"), "rb") as file:
            source = file.read()
        with open(os.path.join(folder, f"{at}.pyc"), "rb") as file:
            bytecode = file.read()
        try:
            made = expected(source, bytecode, pair["path"], pair["level"])
        except (SyntaxError, ValueError, EOFError, TypeError, MemoryError, RecursionError):
            made = None
        hashes.append(None if made is None else hashlib.sha256(made).hexdigest())
    with open(os.path.join(os.environ["OUT_DIR"], "hashes.json"), "w", encoding="utf-8") as file:
        json.dump(hashes, file)


main(sys.argv[1])
