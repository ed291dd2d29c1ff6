import { rm } from 'node:fs/promises'
import path from 'node:path'
import { timed, type Figure } from './measure.ts'

const goalMib = 300

/** An sdist whose content does not compress, so that it is as large packed as unpacked: 2 GiB, the size as argument. */
const make = `
import gzip, hashlib, io, sys, tarfile, zlib
total, part = int(sys.argv[2]) << 20, 256 << 20
class Noise(io.RawIOBase):
    """Bytes that no compressor makes smaller, the same in each run."""
    def __init__(self, seed): self.block = hashlib.shake_256(seed).digest(1 << 20); self.at = 0
    def readable(self): return True
    def read(self, size=-1):
        out = b''
        while len(out) < size:
            at = self.at % len(self.block)
            piece = self.block[at:at + size - len(out)]
            self.at += len(piece); out += piece
        return out
with gzip.GzipFile(sys.argv[1], 'wb', compresslevel=1, mtime=0) as packed, tarfile.open(fileobj=packed, mode='w') as tar:
    meta = b'Metadata-Version: 2.1\\nName: demo\\nVersion: 1.0\\n'
    info = tarfile.TarInfo('demo-1.0/PKG-INFO'); info.size = len(meta); tar.addfile(info, io.BytesIO(meta))
    for at in range(total // part):
        info = tarfile.TarInfo('demo-1.0/data%d.bin' % at); info.size = part
        tar.addfile(info, Noise(b'%d' % at))
`

/** Compares the file with its like through the function that prove uses, and prints peak memory in KiB. */
const program = `
import { reproduce } from './src/proof/reproduce.ts'
const [a, b, shipped] = process.argv.slice(1)
const { artifact, findings } = await reproduce({
  a, b, kind: 'sdist', name: 'demo-1.0.tar.gz', epoch: 1700000000, scramble: [],
  original: () => Promise.reject(new Error('nothing is put back')), shipped
})
if (artifact === null) throw new Error(JSON.stringify(findings))
`

/** Peak memory of comparing and shipping an sdist of 2 GiB: as equal files, and with packing that differs. */
export async function* largeSdist(folder: string): AsyncIterable<Figure> {
  const mebibytes = Number(process.env.TAGPROOF_BENCH_MEBIBYTES ?? 2048)
  const [a, b, shipped] = ['a', 'b', 'shipped'].map((name) => path.join(folder, `large-${name}.tar.gz`)) as [
    string,
    string,
    string
  ]
  await timed('python3', ['-c', make, a, String(mebibytes)])
  // Another time in the gzip header: the content is read and packed again from both.
  await timed('sh', [
    '-c',
    'cp "$0" "$1" && printf x | dd of="$1" bs=1 seek=4 conv=notrunc status=none',
    a,
    b
  ])
  for (const [what, other] of [
    ['equal files', a],
    ['another packing', b]
  ] as const) {
    const { seconds, peakMib } = await timed(process.execPath, [
      '--input-type=module',
      '--eval',
      program,
      a,
      other,
      shipped
    ])
    yield {
      name: `sdist of ${mebibytes} MiB, ${what}: peak memory / ${goalMib} MiB`,
      value: peakMib / goalMib,
      goal: 1,
      detail: `${peakMib.toFixed(0)} MiB, ${seconds.toFixed(0)} s`
    }
  }
  for (const file of [a, b, shipped]) await rm(file, { force: true })
}
