import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { plainEnvironment, run } from '../../../src/platform/process.ts'
import { privileged } from '../../../src/platform/privilege.ts'
import { pythonRoot } from '../support/root.ts'
import { freshId, inWorld, leftAfter, leftOf, testLimits } from '../support/world.ts'

const childScript = fileURLToPath(new URL('../support/world-child.ts', import.meta.url))
let folder = ''

beforeAll(async () => {
  await pythonRoot()
  folder = await mkdtemp(path.join(tmpdir(), 'tagproof-life-test-'))
}, 600_000)
afterAll(() => rm(folder, { recursive: true, force: true }))

/** Another process that runs a world; resolves once the build in it has printed `ready`. */
async function startChild(
  id: string,
  script: string
): Promise<{ child: ChildProcess; answer: Promise<string> }> {
  const { root } = await pythonRoot()
  const file = path.join(folder, `${id}.json`)
  const outputs = await mkdtemp(path.join(folder, 'out-'))
  const request = {
    ...{ id, world: 'a', root, exportTar: null, binds: [], network: 'none', outputs, environment: {} },
    ...{ command: ['sh', '-c', script], limits: testLimits }
  }
  await writeFile(file, JSON.stringify(request))
  const child = spawn(process.execPath, [childScript, file], {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe']
  })
  let stdout = ''
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  const answer = new Promise<string>((resolve) => child.once('exit', () => resolve(stdout)))
  await new Promise<void>((resolve, reject) => {
    let text = ''
    child.stderr.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      if (text.includes('ready')) resolve()
    })
    child.once('exit', () => reject(new Error(`ended before it was ready: ${text}${stdout}`)))
  })
  return { child, answer }
}

const stubborn = 'trap "" TERM INT HUP; (setsid sleep 1000 &) ; echo ready; while :; do sleep 1; done'

describe('a world whose caller', () => {
  it('is killed at once leaves nothing, within seconds', async () => {
    const id = freshId()
    const { child } = await startChild(id, stubborn)
    expect((await leftOf(id)).length).toBeGreaterThan(1)
    child.kill('SIGKILL')
    expect(await leftAfter(id, 10)).toEqual([])
  })

  it('is killed with its whole process group leaves nothing', async () => {
    const id = freshId()
    const { child } = await startChild(id, stubborn)
    process.kill(-(child.pid ?? 0), 'SIGKILL')
    expect(await leftAfter(id, 10)).toEqual([])
  })

  it('gets Ctrl-C ends in order: cancelled, and nothing left', async () => {
    const id = freshId()
    const { child, answer } = await startChild(id, stubborn)
    // What a terminal does: the signal goes to the whole foreground group.
    process.kill(-(child.pid ?? 0), 'SIGINT')
    expect(JSON.parse(await answer)).toMatchObject({ code: 'cancelled' })
    expect(await leftOf(id)).toEqual([])
  })

  it('gets SIGTERM ends in order too', async () => {
    const id = freshId()
    const { child, answer } = await startChild(id, stubborn)
    child.kill('SIGTERM')
    expect(JSON.parse(await answer)).toMatchObject({ code: 'cancelled' })
    expect(await leftOf(id)).toEqual([])
  })

  it('aborts before it began does not begin', async () => {
    const id = freshId()
    const run = inWorld('a', ['sh', '-c', 'echo began'], { id, signal: AbortSignal.abort() })
    await expect(run).rejects.toMatchObject({ code: 'cancelled' })
    expect(await leftOf(id)).toEqual([])
  })
})

describe('a world that is itself killed', () => {
  it('takes all its processes and mounts with it, and the next run removes its control groups', async () => {
    const id = freshId()
    const { answer } = await startChild(id, stubborn)
    const pids = await enclosuresOf(id)
    expect(pids.length).toBeGreaterThan(0)
    const kill = privileged('kill', ['-KILL', ...pids])
    await run(kill.command, kill.args, { env: plainEnvironment })
    expect(JSON.parse(await answer)).toMatchObject({ code: 'sandbox-unavailable' })
    const left = await leftAfter(id, 5)
    expect(left.filter((line) => !line.startsWith('group '))).toEqual([])
    // Other tests may hold the shared lock for a while; the first run that is alone reaps.
    for (let tries = 0; tries < 30 && (await leftOf(id)).length > 0; tries += 1) await inWorld('a', ['true'])
    expect(await leftOf(id)).toEqual([])
  })
})

describe('worlds side by side', () => {
  it('do not see or disturb each other', async () => {
    const script =
      'echo "$HOME" > /tmp/mine; sleep 0.5; cat /tmp/mine; ls /tmp | wc -l; ps 2>/dev/null | grep -c sleep; true'
    const runs = await Promise.all(
      (['a', 'b', 'a', 'b'] as const).map((world) => inWorld(world, ['sh', '-c', script]))
    )
    expect(runs.map((result) => result.output.split('\n').slice(0, 2))).toEqual([
      ['/home/builder', '1'],
      ['/var/people/maker', '1'],
      ['/home/builder', '1'],
      ['/var/people/maker', '1']
    ])
  })
})

describe('a world that cannot be set up', () => {
  it('says so and shows what was printed; nothing runs without it', async () => {
    const { root } = await pythonRoot()
    const missing = { ...root, path: path.join(folder, 'no-such-root') }
    const id = freshId()
    const result = inWorld('a', ['sh', '-c', 'echo began'], { id, root: missing })
    await expect(result).rejects.toMatchObject({
      code: 'sandbox-unavailable',
      detail: { output: expect.stringMatching(/no-such-root/) }
    })
    expect(await leftOf(id)).toEqual([])
  })

  it('refuses a damaged export', async () => {
    const file = path.join(folder, 'damaged.tar')
    await writeFile(file, Buffer.alloc(2048, 'x'))
    const result = inWorld('a', ['true'], { exportTar: file })
    await expect(result).rejects.toMatchObject({
      code: 'sandbox-unavailable',
      detail: { output: expect.stringMatching(/does not look like a tar archive/) }
    })
  })
})

/** The processes of the host that carry a world: `unshare` and the script in it. */
async function enclosuresOf(id: string): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const found = await Promise.all(
    pids.map(async (pid) => {
      const text = await readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => '')
      return text.startsWith('unshare\0') && text.includes(id) ? [pid] : []
    })
  )
  return found.flat()
}
