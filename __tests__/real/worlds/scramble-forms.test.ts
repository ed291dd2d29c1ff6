import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Sha256 } from '../../../src/documents/identifiers.ts'
import { plainEnvironment, runChecked } from '../../../src/platform/process.ts'
import { scramble, scrambledAs } from '../../../src/worlds/scramble.ts'

/** Python makes one file of each form, all with the word `secret` in them, and reads what became of them. */
const maker = `
import gzip, io, json, os, random, struct, sys, tarfile, zipfile, zlib
random.seed(1)
secret = b'a secret line of text\\n' * 40
noise = random.randbytes(3000)
def put(name, data): open(os.path.join(sys.argv[1], name), 'wb').write(data)
def chunk(kind, data): return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))
def png(colour, channels, interlace=0, palette=b''):
    rows = b''.join(b'\\0' + random.randbytes(20 * channels) for _ in range(10))
    if interlace: rows = random.randbytes(0) + b''.join(b'\\0' + random.randbytes(((w * channels))) for w, n in ((3,2),(2,2),(5,1),(5,3),(10,2),(10,5),(20,5)) for _ in range(n))
    head = struct.pack('>IIBBBBB', 20, 10, 8, colour, 0, 0, interlace)
    return b'\\x89PNG\\r\\n\\x1a\\n' + chunk(b'IHDR', head) + (chunk(b'PLTE', palette) if palette else b'') + chunk(b'tEXt', b'secret\\0' + secret) + chunk(b'IDAT', zlib.compress(rows)) + chunk(b'IEND', b'')
put('rgb.png', png(2, 3)); put('grey.png', png(0, 1)); put('palette.png', png(3, 1, 0, random.randbytes(768)))
put('adam7.png', png(6, 4, 1))
put('picture.gif', b'GIF89a' + struct.pack('<HHBBB', 1, 1, 0x80, 0, 0) + b'secret' + noise + b';')
put('picture.jpg', b'\\xff\\xd8\\xff\\xe1' + secret + noise + b'\\xff\\xd9')
def tar(form):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode='w', format=form) as t:
        for name, data in (('data/a.txt', secret), ('data/' + 'n' * 120 + '.bin', noise)):
            info = tarfile.TarInfo(name); info.size = len(data); info.mtime = 1234567.5; info.uname = 'secret'
            t.addfile(info, io.BytesIO(data))
    return buffer.getvalue()
put('pax.tar', tar(tarfile.PAX_FORMAT)); put('data.tar.gz', gzip.compress(tar(tarfile.PAX_FORMAT)))
put('text.gz', gzip.compress(secret * 5))
def zipped(method):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, 'w', method) as z:
        z.writestr('pkg/a.txt', secret); z.writestr('pkg/noise.bin', noise); z.writestr('pkg/empty', b'')
        z.writestr('pkg/inner.json', json.dumps({'secret': secret.decode()}))
        z.getinfo('pkg/a.txt').comment = b'secret'
    return buffer.getvalue()
put('stored.zip', zipped(zipfile.ZIP_STORED)); put('deflated.whl', zipped(zipfile.ZIP_DEFLATED))
messages = {b'': b'Content-Type: text/plain; charset=UTF-8\\n', b'secret one': secret[:60], b'secret two': secret[:90]}
ids = b'\\0'.join(messages) + b'\\0'; texts = b'\\0'.join(messages.values()) + b'\\0'
table = lambda strings, at: b''.join(struct.pack('<II', len(s), at + sum(len(x) + 1 for x in strings[:i])) for i, s in enumerate(strings))
n = len(messages); begin = 28 + 16 * n
put('messages.mo', struct.pack('<7I', 0x950412de, 0, n, 28, 28 + 8 * n, 0, begin) + table(list(messages), begin) + table(list(messages.values()), begin + len(ids)) + ids + texts)
header = "{'descr': '<f8', 'fortran_order': False, 'shape': (5, 60), }"
put('numbers.npy', b'\\x93NUMPY\\x01\\x00' + struct.pack('<H', 118) + header.ljust(117).encode() + b'\\n' + noise[:2400])
put('list.json', json.dumps(['secret'] * 50).encode()); put('map.json', json.dumps({'secret': 1, 'b': [2]}).encode())
put('drawing.svg', b'<?xml version="1.0"?>\\n<svg xmlns="http://www.w3.org/2000/svg"><!-- secret -->' + b'<g/>' * 30 + b'</svg>')
`
const reader = `
import gettext, gzip, io, json, os, struct, sys, tarfile, zipfile, zlib, xml.etree.ElementTree as et
def read(name): return open(os.path.join(sys.argv[1], name), 'rb').read()
def png(name, channels, palette=None):
    data, at, chunks = read(name), 8, []
    while at < len(data):
        size, kind = struct.unpack('>I4s', data[at:at+8]); body = data[at+8:at+8+size]
        assert struct.unpack('>I', data[at+8+size:at+12+size])[0] == zlib.crc32(kind + body), name
        chunks.append((kind, body)); at += 12 + size
    kinds = dict(chunks)
    assert struct.unpack('>II', kinds[b'IHDR'][:8]) == (20, 10) and chunks[-1][0] == b'IEND'
    assert palette is None or len(kinds[b'PLTE']) == palette
    return zlib.decompress(kinds[b'IDAT'])
assert len(png('rgb.png', 3)) == 10 * 61; assert len(png('grey.png', 1)) == 210; assert len(png('palette.png', 1, 768)) == 210
assert len(png('adam7.png', 4)) == sum(n * (1 + w * 4) for w, n in ((3,2),(2,2),(5,1),(5,3),(10,2),(10,5),(20,5)))
assert read('picture.gif')[-1:] == b';' and read('picture.jpg')[-2:] == b'\\xff\\xd9'
for t in (tarfile.open(os.path.join(sys.argv[1], 'pax.tar')), tarfile.open(os.path.join(sys.argv[1], 'data.tar.gz'))):
    assert [(m.name, m.size, m.mtime, m.uname) for m in t] == [('data/a.txt', 880, 0, ''), ('data/' + 'n' * 120 + '.bin', 3000, 0, '')], t.getmembers()
    t.extractfile('data/a.txt').read().decode()
assert len(gzip.decompress(read('text.gz'))) == 4400
for name in ('stored.zip', 'deflated.whl'):
    z = zipfile.ZipFile(io.BytesIO(read(name))); assert z.testzip() is None
    assert [(i.filename, i.file_size) for i in z.infolist()][:3] == [('pkg/a.txt', 880), ('pkg/noise.bin', 3000), ('pkg/empty', 0)]
    json.loads(z.read('pkg/inner.json')) if name == 'stored.zip' else None
assert gettext.GNUTranslations(io.BytesIO(read('messages.mo'))).info()['content-type'].startswith('text/plain')
npy = read('numbers.npy'); assert b'(5, 60), }' in npy[:128] and npy[127:128] == b'\\n'
assert all(0 <= x < 2 for x in struct.unpack('<300d', npy[128:]))
assert isinstance(json.loads(read('list.json')), list) and isinstance(json.loads(read('map.json')), dict)
assert et.fromstring(read('drawing.svg')).tag.endswith('svg')
print('read')
`
const forms: Record<string, string> = {
  'rgb.png': 'png',
  'grey.png': 'png',
  'palette.png': 'png',
  'adam7.png': 'png',
  'picture.gif': 'gif',
  'picture.jpg': 'jpeg',
  'pax.tar': 'tar',
  'data.tar.gz': 'gzip',
  'text.gz': 'gzip',
  'stored.zip': 'zip',
  'deflated.whl': 'zip',
  'messages.mo': 'catalogue',
  'numbers.npy': 'array',
  'list.json': 'json',
  'map.json': 'json',
  'drawing.svg': 'xml'
}

let room: string
const seed = '5'.repeat(64) as Sha256
const python = (script: string): Promise<string> =>
  runChecked('python3', ['-c', script, room], { env: plainEnvironment })
beforeAll(async () => {
  room = await mkdtemp(path.join(tmpdir(), 'tagproof-forms-'))
  await python(maker)
})
afterAll(() => rm(room, { recursive: true, force: true }))

describe('a copy of the second tier', () => {
  it('is read by the readers of its format, has the same size, and nothing of what the original said', async () => {
    for (const [name, form] of Object.entries(forms)) {
      const original = await readFile(path.join(room, name))
      const made = scrambledAs(original, name, seed, 2)
      expect([name, made.form]).toEqual([name, form])
      expect(made.bytes.length).toBe(original.length)
      expect(made.bytes.equals(original)).toBe(false)
      expect(made.bytes.includes('secret')).toBe(false)
      expect(scramble(original, name, seed, 2).equals(made.bytes)).toBe(true)
      await writeFile(path.join(room, name), made.bytes)
    }
    expect(await python(reader)).toContain('read')
  })

  it('is noise where the bytes only look like a format, or its names carry data', () => {
    const tier = (bytes: Buffer, name: string): string | undefined => scrambledAs(bytes, name, seed, 2).form
    expect(tier(Buffer.from('\x89PNG\r\n\x1a\n and no more', 'latin1'), 'x.png')).toBeUndefined()
    expect(tier(Buffer.from('{"a": '), 'x.json')).toBeUndefined()
    expect(tier(Buffer.from('PK\x03\x04 and no more'.repeat(9), 'latin1'), 'x.zip')).toBeUndefined()
    for (let size = 0; size < 200; size += 1)
      for (const start of ['ffd8ff', '474946383961', '1f8b08', '89504e470d0a1a0a', 'de120495', '504b0304']) {
        const bytes = Buffer.concat([Buffer.from(start, 'hex'), Buffer.alloc(size, 7)])
        expect(scramble(bytes, 'x', seed, 2)).toHaveLength(bytes.length)
      }
  })
})

it('a list or a map in JSON shows neither lengths nor names: two of one size have one copy', () => {
  const one = Buffer.from(JSON.stringify(['payload', 'in', 'lengths']))
  const other = Buffer.from(JSON.stringify(['x'.repeat(one.length - 4)]))
  expect(scramble(one, 'x.json', seed, 2)).toEqual(scramble(other, 'x.json', seed, 2))
})
