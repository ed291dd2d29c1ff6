import { randomBytes } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { World } from '../../../src/documents/identifiers.ts'
import { tarEnd, tarHeader, tarPadding } from '../../../src/formats/tar/writer.ts'
import { runInWorld, type WorldRequest, type WorldResult } from '../../../src/worlds/run.ts'
import { pythonRoot } from './root.ts'

export const testLimits = { minutes: 2, 'memory-mib': 512, 'disk-mib': 64, processes: 64 }

export interface TestRun extends WorldResult {
  /** Files that came out, by their path. */
  contents: Record<string, string>
}

/** Runs a command in a world on the shared root; what it leaves in OUT_DIR is read and removed. */
export async function inWorld(
  world: World,
  command: readonly string[],
  more: Partial<WorldRequest> = {}
): Promise<TestRun> {
  const { root } = await pythonRoot()
  const outputs = await mkdtemp(path.join(tmpdir(), 'tagproof-world-test-'))
  try {
    const result = await runInWorld({
      world,
      root,
      exportTar: null,
      binds: [],
      command,
      environment: {},
      limits: testLimits,
      network: 'none',
      outputs,
      ...more
    })
    const contents: Record<string, string> = {}
    for (const name of result.files) contents[name] = await readFile(path.join(outputs, name), 'utf8')
    return { ...result, contents }
  } finally {
    await rm(outputs, { recursive: true, force: true })
  }
}

export function python(world: World, code: string, more: Partial<WorldRequest> = {}): Promise<TestRun> {
  return inWorld(world, ['python3', '-c', code], more)
}

/** An export with the given files under `tree/`, in the given order. */
export function exportOf(files: readonly (readonly [string, string])[]): Buffer {
  const blocks = [tarHeader({ path: 'tree', kind: 'directory', mode: 0o755, size: 0, mtime: 1000 })]
  for (const [name, text] of files) {
    const bytes = Buffer.from(text)
    const head = { path: `tree/${name}`, mode: 0o644, mtime: 1000 }
    blocks.push(tarHeader({ ...head, kind: 'file', size: bytes.length }), bytes, tarPadding(bytes.length))
  }
  return Buffer.concat([...blocks, tarEnd])
}

export function freshId(): string {
  return `test-${randomBytes(8).toString('hex')}`
}

/** What a run with this id has left on the machine: processes, control groups, mounts. Empty is right. */
export async function leftOf(id: string): Promise<string[]> {
  const groups = await Promise.all(
    ['', ...(await names('/sys/fs/cgroup'))].map(async (controller) => {
      const folder = path.join('/sys/fs/cgroup', controller, 'tagproof')
      return (await names(folder)).includes(id) ? [`group ${folder}/${id}`] : []
    })
  )
  const processes = await Promise.all(
    (await names('/proc')).filter((name) => /^\d+$/.test(name)).map((pid) => processOf(pid, id))
  )
  const mounts = (await readFile('/proc/self/mounts', 'utf8')).split('\n')
  return [...groups.flat(), ...processes.flat(), ...mounts.filter((line) => line.includes('/run/tagproof'))]
}

/** Waits, at most so long, until nothing of a run is left; returns what still is. */
export async function leftAfter(id: string, seconds: number): Promise<string[]> {
  const end = Date.now() + seconds * 1000
  for (;;) {
    const left = await leftOf(id)
    if (left.length === 0 || Date.now() > end) return left
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

async function processOf(pid: string, id: string): Promise<string[]> {
  const [arguments_, environment] = await Promise.all(
    ['cmdline', 'environ'].map((file) => readFile(`/proc/${pid}/${file}`, 'latin1').catch(() => ''))
  )
  // The process that looks for it may bear it too.
  if (Number(pid) === process.pid) return []
  const found = [arguments_, environment].some((text) => text?.includes(id))
  return found ? [`process ${pid}: ${arguments_?.replaceAll('\0', ' ').slice(0, 200) ?? ''}`] : []
}

async function names(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => [])
}
