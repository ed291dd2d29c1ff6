"""Unpacks xz streams with liblzma, as dpkg-deb does: frames of a length in four bytes and the stream on standard input.
Answers each with one line: the SHA-256 of what came out and its size, or what the library says is wrong."""
import hashlib, lzma, struct, sys

while head := sys.stdin.buffer.read(4):
    data = sys.stdin.buffer.read(struct.unpack('>I', head)[0])
    try:
        decoder = lzma.LZMADecompressor(format=lzma.FORMAT_XZ)
        out = decoder.decompress(data)
        if not decoder.eof:
            answer = 'the stream is cut'
        elif decoder.unused_data:
            answer = 'data follows'
        else:
            answer = f'{hashlib.sha256(out).hexdigest()} {len(out)}'
    except lzma.LZMAError as error:
        answer = str(error).replace('\n', ' ')
    sys.stdout.write(answer + '\n')
    sys.stdout.flush()
