import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import path from 'node:path'
import type { VariationName } from '../../../src/documents/fields.ts'
import { pythonRoot } from '../support/root.ts'
import { exportOf, python, type TestRun } from '../support/world.ts'

/** Prints what a build can see of each variation. */
const probe = `
import json, locale, os, socket, time, hashlib
open("made", "w").close(); os.mkdir("made-folder")
locale.setlocale(locale.LC_ALL, "")
seen = {
  "build-path": os.getcwd(),
  "home": os.path.expanduser("~"),
  "user-id": str(os.getuid()),
  "host-name": socket.gethostname(),
  "timezone": [os.environ["TZ"], time.strftime("%z", time.localtime(0))],
  "locale": [os.environ["LC_ALL"], locale.localeconv()["decimal_point"], sorted(["t", "z", "s"], key=locale.strxfrm)],
  "umask": [os.stat("made").st_mode & 0o777, os.stat("made-folder").st_mode & 0o777, os.stat("setup.py").st_mode & 0o777],
  "hash-seed": [os.environ["PYTHONHASHSEED"], hash("tagproof")],
  "clock": time.time(),
  "monotonic": time.monotonic(),
  "mtime": os.stat("made").st_mtime,
  "export-mtime": os.stat("setup.py").st_mtime,
  "directory-order": [name for name in os.listdir(".") if not name.startswith("made")],
  "cpus": [os.cpu_count(), len(os.sched_getaffinity(0)), int(os.environ["OMP_NUM_THREADS"])],
  "path-tail": os.environ["PATH"],
  "user": [os.environ["USER"], __import__("pwd").getpwuid(os.getuid()).pw_dir],
  "scrambled-files": hashlib.sha256(open("fixture.bin", "rb").read()).hexdigest(),
}
json.dump(seen, open("/out/seen.json", "w"))
`

const names = ['a.txt', 'b.txt', 'c.txt', 'd.txt', 'setup.py']
let folder = ''
let runs: { a: TestRun; b: TestRun }
let seen: { a: Record<string, unknown>; b: Record<string, unknown> }

async function exportFor(world: 'a' | 'b'): Promise<string> {
  const files = [...names, 'fixture.bin'].sort().map((name): [string, string] => [name, `${name}\n`])
  const fixture = files.find(([name]) => name === 'fixture.bin')
  if (world === 'b' && fixture !== undefined) fixture[1] = 'scrambled!!\n'
  const file = path.join(folder, `export-${world}.tar`)
  await writeFile(file, exportOf(world === 'a' ? files : files.reverse()))
  return file
}

async function probeIn(world: 'a' | 'b', off: VariationName[] = []): Promise<TestRun> {
  return python(world, probe, { exportTar: await exportFor(world), off })
}

function value(world: 'a' | 'b', name: VariationName): string {
  return runs[world].variations.find((entry) => entry.name === name)?.value ?? ''
}

beforeAll(async () => {
  await pythonRoot()
  folder = await mkdtemp(path.join(tmpdir(), 'tagproof-variations-test-'))
  const [a, b] = await Promise.all([probeIn('a'), probeIn('b')])
  runs = { a, b }
  const parse = (run: TestRun): Record<string, unknown> =>
    JSON.parse(run.contents['seen.json'] ?? `{"failed": ${JSON.stringify(run.output)}}`) as Record<
      string,
      unknown
    >
  seen = { a: parse(a), b: parse(b) }
}, 600_000)

afterAll(() => rm(folder, { recursive: true, force: true }))

describe('what a build sees', () => {
  it.each<VariationName>(['build-path', 'home', 'user-id', 'host-name'])(
    'of %s is what the record says',
    (name) => {
      for (const world of ['a', 'b'] as const) expect(seen[world][name]).toBe(value(world, name))
      expect(seen.a[name]).not.toBe(seen.b[name])
    }
  )

  it('of the account fits together', () => {
    expect(seen.a.user).toEqual(['builder', value('a', 'home')])
    expect(seen.b.user).toEqual(['maker', value('b', 'home')])
  })

  it('of the time zone is what the record says', () => {
    expect(seen.a.timezone).toEqual([value('a', 'timezone'), '+0000'])
    // Kiritimati was 10:40 behind UTC in 1970: the zone's data took part, not its name alone.
    expect(seen.b.timezone).toEqual([value('b', 'timezone'), '-1040'])
  })

  it('of the locale sorts and writes differently', () => {
    expect(seen.a.locale).toEqual([value('a', 'locale'), '.', ['s', 't', 'z']])
    expect(seen.b.locale).toEqual([value('b', 'locale'), ',', ['s', 'z', 't']])
  })

  it('of the umask shows in new files, folders and the export', () => {
    expect(seen.a.umask).toEqual([0o644, 0o755, 0o644])
    expect(seen.b.umask).toEqual([0o600, 0o700, 0o600])
    expect([value('a', 'umask'), value('b', 'umask')]).toEqual(['0022', '0077'])
  })

  it('of the hash seed changes hashes', () => {
    const [a, b] = [seen.a['hash-seed'], seen.b['hash-seed']] as [string, number][]
    expect([a?.[0], b?.[0]]).toEqual([value('a', 'hash-seed'), value('b', 'hash-seed')])
    expect(a?.[1]).not.toBe(b?.[1])
  })

  it('of the clock is 400 days later in b, while file times and the monotonic clock stay real', () => {
    const now = Date.now() / 1000
    expect(value('b', 'clock')).toBe('+400d')
    expect(Math.abs((seen.a.clock as number) - now)).toBeLessThan(120)
    expect(Math.abs((seen.b.clock as number) - now - 400 * 86_400)).toBeLessThan(120)
    for (const world of ['a', 'b'] as const)
      expect(Math.abs((seen[world].mtime as number) - now)).toBeLessThan(120)
    expect(Math.abs((seen.a.monotonic as number) - (seen.b.monotonic as number))).toBeLessThan(120)
    expect([seen.a['export-mtime'], seen.b['export-mtime']]).toEqual([1000, 1000])
  })

  it('of the order of directories is reversed', () => {
    const order = seen.a['directory-order'] as string[]
    expect([...order].sort()).toEqual([...names, 'fixture.bin'].sort())
    expect(seen.b['directory-order']).toEqual([...order].reverse())
  })

  it('of the CPUs is what the record says, in every way to count them', () => {
    for (const world of ['a', 'b'] as const) {
      const count = Number(value(world, 'cpus'))
      expect(seen[world].cpus).toEqual([count, count, count])
    }
    const record = runs.b.variations.find((entry) => entry.name === 'cpus')
    if (availableParallelism() > 1) expect(value('a', 'cpus')).not.toBe(value('b', 'cpus'))
    else expect(record).toMatchObject({ applied: false, reason: 'this machine has one CPU only' })
  })

  it('of PATH has another tail', () => {
    expect(seen.b['path-tail']).toBe(`${String(seen.a['path-tail'])}:${value('b', 'path-tail')}`)
  })

  it('of a fixture are the bytes of its own world', () => {
    expect(seen.a['scrambled-files']).not.toBe(seen.b['scrambled-files'])
    expect([value('a', 'scrambled-files'), value('b', 'scrambled-files')]).toEqual(['original', 'scrambled'])
  })

  it('every variation was applied, or says why not', () => {
    for (const record of runs.b.variations) expect(record.applied || record.reason !== '').toBe(true)
    expect(runs.b.variations.filter((record) => !record.applied).map((record) => record.name)).toEqual(
      availableParallelism() > 1 ? [] : ['cpus']
    )
  })
})

describe('the files that a build read', () => {
  it('are known, and only those', () => {
    for (const world of ['a', 'b'] as const) expect(runs[world].reads).toEqual(['fixture.bin'])
  })
})

describe('a variation that is left out', () => {
  it.each<[VariationName, string]>([
    ['clock', 'clock'],
    ['umask', 'umask'],
    ['build-path', 'build-path'],
    ['hash-seed', 'hash-seed']
  ])('%s is as in world a, and the record says so', async (name, key) => {
    const run = await probeIn('b', [name])
    const other = JSON.parse(run.contents['seen.json'] ?? '{}') as Record<string, unknown>
    if (name === 'clock') expect(Math.abs((other[key] as number) - Date.now() / 1000)).toBeLessThan(120)
    else expect(other[key]).toEqual(seen.a[key])
    expect(run.variations.find((entry) => entry.name === name)).toMatchObject({
      applied: false,
      reason: 'left out on request'
    })
  })
})

describe('threads under the later clock', () => {
  it('keep their time-outs', async () => {
    const code = `
import threading, time, queue, subprocess
began = time.monotonic()
event = threading.Event(); event.wait(0.2)
lock = threading.Lock(); lock.acquire(); lock.acquire(timeout=0.2)
try: queue.Queue().get(timeout=0.2)
except queue.Empty: pass
condition = threading.Condition()
with condition: condition.wait(0.2)
try: subprocess.run(["sleep", "5"], timeout=0.2)
except subprocess.TimeoutExpired: pass
print(0.9 < time.monotonic() - began < 4)
`
    expect((await python('b', code)).output).toBe('True')
  })
})
