import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { canonicalSdist } from '../src/formats/sdist.ts'
import { inTurn, timed, type Figure } from './measure.ts'

/** An sdist of text-like content, made by Python's own tarfile and gzip. */
const make = `
import gzip, io, random, sys, tarfile
random.seed(1)
words = [bytes(random.choices(b'abcdefghijklmnopqrstuvwxyz', k=random.randint(2, 9))) for _ in range(4000)]
def text(size):
    out = io.BytesIO()
    while out.tell() < size: out.write(random.choice(words) + b' ')
    return out.getvalue()[:size]
with tarfile.open(sys.argv[1], 'w:gz') as tar:
    for index in range(300):
        data = text(100000)
        info = tarfile.TarInfo('bench-1.0/src/file%d.txt' % index); info.size = len(data)
        tar.addfile(info, io.BytesIO(data))
    data = b'Metadata-Version: 2.1\\nName: bench\\nVersion: 1.0\\n'
    info = tarfile.TarInfo('bench-1.0/PKG-INFO'); info.size = len(data)
    tar.addfile(info, io.BytesIO(data))
`

/** Reads the archive and writes it again, as a re-packer written in Python would. */
const repack = `
import sys, tarfile
with tarfile.open(sys.argv[1]) as old, tarfile.open(sys.argv[2], 'w:gz') as new:
    for member in sorted(old, key=lambda m: m.name): new.addfile(member, old.extractfile(member))
`

/** Our canonical writer against Python's tarfile and gzip, on 30 MB. */
export async function* canonicalWriter(folder: string): AsyncIterable<Figure> {
  const archive = path.join(folder, 'bench-1.0.tar.gz')
  const script = path.join(folder, 'repack.py')
  await timed('python3', ['-c', make, archive])
  await writeFile(script, repack)
  const { first, second } = await inTurn(
    5,
    async () => {
      const since = performance.now()
      await canonicalSdist(archive, path.join(folder, 'ours.tar.gz'), 1_700_000_000)
      return (performance.now() - since) / 1000
    },
    async () => (await timed('python3', [script, archive, path.join(folder, 'theirs.tar.gz')])).seconds
  )
  yield {
    name: 'canonical sdist against tarfile and gzip',
    value: first / second,
    goal: 1.5,
    detail: `${(30 / first).toFixed(1)} MB/s against ${(30 / second).toFixed(1)} MB/s`
  }
}
