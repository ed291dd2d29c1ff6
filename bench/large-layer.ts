import { rm } from 'node:fs/promises'
import path from 'node:path'
import { timed, type Figure } from './measure.ts'

const goalMib = 300

/**
 * An image of one layer whose content does not compress, 2 GiB, the size as argument; `logo.bin` is what world b sees
 * scrambled, the level that of the layer's compression.
 */
const make = `
import gzip, hashlib, io, json, os, sys, tarfile, zlib
out, total, part, logo, level = sys.argv[1], int(sys.argv[2]) << 20, 256 << 20, sys.argv[3].encode(), int(sys.argv[4])
class Noise(io.RawIOBase):
    """Bytes that no compressor makes smaller, the same in each run."""
    def __init__(self, seed): self.block = hashlib.shake_256(seed).digest(1 << 20); self.at = 0
    def readable(self): return True
    def read(self, size=-1):
        data = b''
        while len(data) < size:
            at = self.at % len(self.block)
            piece = self.block[at:at + size - len(data)]
            self.at += len(piece); data += piece
        return data
class Hashed:
    def __init__(self, to): self.to, self.hash, self.size = to, hashlib.sha256(), 0
    def write(self, data): self.hash.update(data); self.size += len(data); return self.to.write(data)
    def flush(self): pass
layer = out + '.layer'
with open(layer, 'wb') as file:
    packed = Hashed(file)
    with gzip.GzipFile(fileobj=packed, mode='wb', compresslevel=level, mtime=0, filename='') as zipped:
        plain = Hashed(zipped)
        with tarfile.open(fileobj=plain, mode='w|') as tar:
            for name, size, content in [('logo.bin', len(logo), io.BytesIO(logo))] + [
                    ('data%d.bin' % at, part, Noise(b'%d' % at)) for at in range(total // part)]:
                info = tarfile.TarInfo(name); info.size = size; tar.addfile(info, content)
blobs = {}
def blob(value, media):
    data = json.dumps(value, separators=(',', ':')).encode()
    digest = hashlib.sha256(data).hexdigest(); blobs[digest] = data
    return {'mediaType': 'application/vnd.oci.image.' + media, 'digest': 'sha256:' + digest, 'size': len(data)}
config = blob({'architecture': 'amd64', 'os': 'linux', 'config': {},
    'rootfs': {'type': 'layers', 'diff_ids': ['sha256:' + plain.hash.hexdigest()]}, 'history': [{}]}, 'config.v1+json')
manifest = blob({'schemaVersion': 2, 'mediaType': 'application/vnd.oci.image.manifest.v1+json', 'config': config, 'layers': [
    {'mediaType': 'application/vnd.oci.image.layer.v1.tar+gzip', 'digest': 'sha256:' + packed.hash.hexdigest(), 'size': packed.size}]}, 'manifest.v1+json')
with tarfile.open(out, 'w') as tar:
    def add(name, size, content):
        info = tarfile.TarInfo(name); info.size = size; tar.addfile(info, content)
    for name, value in [('oci-layout', {'imageLayoutVersion': '1.0.0'}), ('index.json', {'schemaVersion': 2, 'manifests': [manifest]})]:
        data = json.dumps(value).encode(); add(name, len(data), io.BytesIO(data))
    for digest, data in blobs.items(): add('blobs/sha256/' + digest, len(data), io.BytesIO(data))
    with open(layer, 'rb') as file: add('blobs/sha256/' + packed.hash.hexdigest(), packed.size, file)
os.remove(layer)
`

const original = 'the logo of the project'
const scrambled = 'kqx zvj wqzk pf jxqkzvw'

/** Compares the image with its like through the function that prove uses. */
const program = `
import { createHash } from 'node:crypto'
import { reproduce } from './src/proof/reproduce.ts'
const [a, b, shipped, original, scrambled] = process.argv.slice(1)
const digest = (text) => createHash('sha256').update(text).digest('hex')
const { artifact, findings } = await reproduce({
  a, b, kind: 'image', name: 'demo-1.0.oci.tar', epoch: 1700000000,
  scramble: [{ path: 'logo.bin', blob: '0'.repeat(40), size: original.length, reason: 'binary', original: digest(original), scrambled: digest(scrambled) }],
  original: () => Promise.resolve(Buffer.from(original)), shipped
})
if (artifact === null) throw new Error(JSON.stringify(findings))
`

/** Peak memory of comparing and shipping an image with a layer of 2 GiB: as equal files, packed otherwise, put back. */
export async function* largeLayer(folder: string): AsyncIterable<Figure> {
  const mebibytes = Number(process.env.TAGPROOF_BENCH_MEBIBYTES ?? 2048)
  const place = (name: string): string => path.join(folder, `large-${name}.oci.tar`)
  const shipped = place('shipped')
  await timed('python3', ['-c', make, place('a'), String(mebibytes), original, '1'])
  for (const [what, logo, level] of [
    ['equal files', original, '1'],
    ['another packing', original, '0'],
    ['an original put back', scrambled, '1']
  ] as const) {
    await timed('python3', ['-c', make, place('b'), String(mebibytes), logo, level])
    const { seconds, peakMib } = await timed(process.execPath, [
      '--input-type=module',
      '--eval',
      program,
      ...[place('a'), place('b'), shipped, original, scrambled]
    ])
    yield {
      name: `image with a layer of ${mebibytes} MiB, ${what}: peak memory / ${goalMib} MiB`,
      value: peakMib / goalMib,
      goal: 1,
      detail: `${peakMib.toFixed(0)} MiB, ${seconds.toFixed(0)} s`
    }
    for (const name of ['b', 'shipped']) await rm(place(name), { force: true })
  }
  await rm(place('a'), { force: true })
}
