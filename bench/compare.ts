import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readdir, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { stageContext } from '../src/stages/context.ts'
import { silentLog } from '../src/platform/log.ts'
import { readPair, sameBytes } from '../src/proof/pair.ts'
import { reproduce } from '../src/proof/reproduce.ts'
import { inTurn, timed, type Figure } from './measure.ts'

/** Pairs of an sdist and a wheel; in folder `b` one member of the middle differs in one line. */
const make = `
import base64, gzip, hashlib, io, os, random, sys, tarfile, zipfile
folder, count, size = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
random.seed(count)
words = [bytes(random.choices(b'abcdefghijklmnopqrstuvwxyz', k=random.randint(2, 9))) for _ in range(4000)]
def text():
    out = io.BytesIO()
    while out.tell() < size: out.write(random.choice(words) + random.choice([b' ', b' ', b'\\\\n']))
    return out.getvalue()
files = {'demo/m%d.py' % at: text() for at in range(count)}
meta = b'Metadata-Version: 2.1\\nName: demo\\nVersion: 1.0\\n'
for world in 'ab':
    os.makedirs(os.path.join(folder, world))
    if world == 'b':
        name = 'demo/m%d.py' % (count // 2)
        files[name] = files[name][:size // 2] + b'# changed' + files[name][size // 2:]
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode='w') as tar:
        for name, data in [('PKG-INFO', meta), *files.items()]:
            info = tarfile.TarInfo('demo-1.0/' + name); info.size = len(data); info.mtime = 1700000000
            tar.addfile(info, io.BytesIO(data))
    with open(os.path.join(folder, world, 'demo-1.0.tar.gz'), 'wb') as out:
        out.write(gzip.compress(raw.getvalue(), mtime=0))
    info = 'demo-1.0.dist-info/'
    wheel = {**files, info + 'METADATA': meta, info + 'WHEEL': b'Wheel-Version: 1.0\\nTag: py3-none-any\\n'}
    record = ''.join('%s,sha256=%s,%d\\n' % (name, base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip('='), len(data)) for name, data in wheel.items())
    with zipfile.ZipFile(os.path.join(folder, world, 'demo-1.0-py3-none-any.whl'), 'w', zipfile.ZIP_DEFLATED) as out:
        for name, data in {**wheel, info + 'RECORD': (record + info + 'RECORD,,\\n').encode()}.items():
            out.writestr(zipfile.ZipInfo(name, (2024, 1, 1, 0, 0, 0)), data, zipfile.ZIP_DEFLATED)
`
const names = ['demo-1.0.tar.gz', 'demo-1.0-py3-none-any.whl']
/** Members and bytes of each: the two sizes that diffoscope was measured with. */
const sets = [
  [332, 12_000],
  [1006, 18_000]
] as const

function kindOf(file: string): 'sdist' | 'wheel' {
  return file.endsWith('.whl') ? 'wheel' : 'sdist'
}

/** An artifact compared with its like: equal ones against `sha256sum`, ones with one other member against diffoscope. */
export async function* comparisons(folder: string): AsyncIterable<Figure> {
  const made: string[] = []
  for (const [count, size] of sets) {
    const place = path.join(folder, `compare-${count}`)
    await timed('python3', ['-c', make, place, String(count), String(size)])
    made.push(place)
  }
  const set = [
    ...made.flatMap((place) => names.map((name) => path.join(place, 'a', name))),
    ...(await cachedArchives())
  ]
  yield* equalPairs(set)
  yield await differentPairs(folder, made)
  for (const place of made) await rm(place, { recursive: true })
}

/** What `npm run corpus:archives` has left: real sdists and wheels. */
async function cachedArchives(): Promise<string[]> {
  const folder = path.join(stageContext({ log: silentLog }).cache, 'archives')
  if (!existsSync(folder)) return []
  const files = (await readdir(folder, { recursive: true })).map((name) => path.join(folder, name))
  return files.filter((file) => names.some((name) => file.endsWith(path.extname(name)))).sort()
}

async function* equalPairs(set: readonly string[]): AsyncIterable<Figure> {
  let bytes = 0
  for (const file of set) bytes += (await stat(file)).size
  const twice = set.flatMap((file) => [file, file])
  const hashing = async (): Promise<number> => (await timed('sha256sum', twice)).seconds
  const detail = (ours: number, theirs: number): string =>
    `${set.length} pairs of ${(bytes / 1e6).toFixed(0)} MB: ${ours.toFixed(2)} s against ${theirs.toFixed(2)} s`
  const told = await inTurn(3, () => seconds(set, sameBytes), hashing)
  yield {
    name: 'equal pairs told from their bytes, against sha256sum',
    value: told.first / told.second,
    goal: 1.5,
    detail: detail(told.first, told.second)
  }
  const read = await inTurn(3, () => seconds(set, (file) => readPair(file, file, kindOf(file))), hashing)
  yield {
    name: 'equal pairs compared and every member read strictly, against sha256sum',
    value: read.first / read.second,
    goal: 1.5,
    detail: detail(read.first, read.second)
  }
}

async function seconds(
  set: readonly string[],
  work: (file: string, same: string) => Promise<unknown>
): Promise<number> {
  const since = performance.now()
  for (const file of set) await work(file, file)
  return (performance.now() - since) / 1000
}

async function differentPairs(folder: string, made: readonly string[]): Promise<Figure> {
  const differ = diffoscope()
  const pairs = made.flatMap((place) => names.map((name) => ({ place, name })))
  const shipped = path.join(folder, 'compare-shipped')
  await mkdir(shipped)
  const ours = async (): Promise<number> => {
    const since = performance.now()
    for (const { place, name } of pairs) {
      const { findings } = await reproduce({
        a: path.join(place, 'a', name),
        b: path.join(place, 'b', name),
        kind: kindOf(name),
        name,
        epoch: 1_700_000_000,
        scramble: [],
        original: () => Promise.reject(new Error('nothing is put back')),
        shipped: path.join(shipped, name)
      })
      if (findings.length === 0) throw new Error(`${name}: the difference was not found`)
    }
    return (performance.now() - since) / 1000
  }
  const theirs = (): Promise<number> => {
    const since = performance.now()
    for (const { place, name } of pairs) {
      const { status } = spawnSync(differ, [path.join(place, 'a', name), path.join(place, 'b', name)])
      if (status !== 1) throw new Error(`diffoscope ended with ${String(status)}`)
    }
    return Promise.resolve((performance.now() - since) / 1000)
  }
  const { first, second } = await inTurn(2, ours, theirs)
  return {
    name: 'pairs with one different member, compared and explained, against diffoscope',
    value: first / second,
    goal: 0.02,
    detail: `${pairs.length} pairs: ${first.toFixed(2)} s against ${second.toFixed(1)} s`
  }
}

/** Installed where it is missing: it is nobody's dependency but the benchmark's. */
function diffoscope(): string {
  if (spawnSync('diffoscope', ['--version']).status !== 0) {
    const { status } = spawnSync(
      'apt-get',
      ['install', '-y', '--no-install-recommends', 'diffoscope-minimal'],
      {
        stdio: ['ignore', 'ignore', 'inherit']
      }
    )
    if (status !== 0) throw new Error('diffoscope is missing: apt-get install diffoscope-minimal')
  }
  return 'diffoscope'
}
