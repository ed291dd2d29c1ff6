import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { privileged } from '../../../src/platform/privilege.ts'
import { plainEnvironment, run, type RunResult } from '../../../src/platform/process.ts'
import { gatherDeniedRights, refusalOfRights, type DeniedRights } from '../../../src/platform/rights.ts'
import { command } from '../support/command.ts'
import { pythonRoot } from '../support/root.ts'

const repository = fileURLToPath(new URL('../../..', import.meta.url))
const granted = { namespaces: '', groups: '' }

let root = ''
let store = ''
const group = `tagproof-podman-${process.pid}`
beforeAll(async () => {
  root = (await pythonRoot()).root.path
  store = await mkdtemp(path.join(tmpdir(), 'tagproof-podman-'))
}, 900_000)
// What root has made, root takes away; the monitor of a container ends a little later than the container.
const tidy = `
rm -rf "$1"
for try in $(seq 50); do
  find /sys/fs/cgroup -mindepth 1 -maxdepth 3 -depth -type d -path "*/$2*" -exec rmdir {} + 2>/dev/null && exit
  sleep 0.1
done`
afterAll(() => asRoot(['sh', '-c', tidy, 'sh', store, group]))

function asRoot(words: readonly string[]): Promise<RunResult> {
  const { command, args } = privileged(words[0] ?? '', words.slice(1))
  return run(command, args, { env: plainEnvironment, timeoutSeconds: 60 })
}

/** A job container, as the runner starts one: root in it, with what the options give. */
function inContainer(options: readonly string[], words: readonly string[]): Promise<RunResult> {
  const limits = ['--ulimit', 'nofile=1024:1024', '--ulimit', 'nproc=4096:4096']
  const mounts = [repository, process.execPath].flatMap((place) => ['--volume', `${place}:${place}:ro`])
  // In mounts of its own: podman leaves one for its store.
  const podman = [
    'unshare',
    '--mount',
    'podman',
    '--cgroup-manager=cgroupfs',
    '--root',
    `${store}/root`,
    '--runroot',
    `${store}/run`
  ]
  const fixed = [
    'run',
    '--rm',
    '--network=none',
    `--cgroup-parent=/${group}`,
    ...limits,
    ...mounts,
    ...options
  ]
  return asRoot([...podman, ...fixed, '--rootfs', `${root}:O`, process.execPath, ...words])
}

const tell = `
import { gatherDeniedRights } from ${JSON.stringify(path.join(repository, 'src/platform/rights.ts'))}
console.log(JSON.stringify(await gatherDeniedRights()))
`
const deniedIn = async (ended: Promise<RunResult>): Promise<DeniedRights> => {
  const { stdout, stderr } = await ended
  return JSON.parse(stdout.toString('utf8') || stderr.toString('utf8')) as DeniedRights
}
const telling = ['--input-type=module', '--eval', tell]

it('this machine, where every other test sets worlds up, denies nothing', async () => {
  const denied = await gatherDeniedRights()
  expect(denied).toMatchObject(granted)
  expect(refusalOfRights(denied)).toBeNull()
})

describe('a job container', () => {
  it('is refused before anything is read, with the line that would allow it', async () => {
    const { code, stderr } = await inContainer([], [command, 'rehearse', '--repository', '/nonexistent'])
    const told = stderr.toString('utf8')
    expect(told).toMatch(/sandbox-unavailable: This job container may not set up a sandbox\./)
    expect(told).toMatch(/found +unshare: .*Operation not permitted/)
    expect(told).toMatch(/fix +Add "options: --privileged --cgroupns=host" below "container:" of the job/)
    expect(told).not.toContain('plan')
    expect(code).toBe(3)
  })

  it('is denied nothing with that line', async () => {
    const denied = await deniedIn(inContainer(['--privileged', '--cgroupns=host'], telling))
    expect(denied).toEqual({ container: true, ...granted })
  })
})

it('capabilities alone do not help where control groups are read-only', async () => {
  const readOnly =
    'mount -t tmpfs -o mode=0755 tagproof /sys/fs/cgroup && cd /sys/fs/cgroup && mkdir memory pids && mount -o remount,ro /sys/fs/cgroup && exec "$@"'
  const words = ['unshare', '--mount', 'sh', '-c', readOnly, 'sh', process.execPath, ...telling]
  const denied = await deniedIn(asRoot(words))
  expect(denied).toMatchObject({ namespaces: '' })
  expect(denied.groups).toBe(
    'control groups of memory may not be written; control groups of pids may not be written'
  )
  expect(refusalOfRights(denied)).toMatchObject({ code: 'sandbox-unavailable' })
})

it('a control group of version 2 that holds processes, and no controllers for others, is told', async () => {
  const version2 = `
    mount -t tmpfs -o mode=0755 tagproof /sys/fs/cgroup && cd /sys/fs/cgroup
    echo memory pids >cgroup.controllers; echo domain >cgroup.type; echo $$ >cgroup.procs; echo "$1" >cgroup.subtree_control
    shift; exec "$@"`
  const denied = (handedDown: string): Promise<DeniedRights> =>
    deniedIn(
      asRoot(['unshare', '--mount', 'sh', '-c', version2, 'sh', handedDown, process.execPath, ...telling])
    )
  expect((await denied('')).groups).toBe(
    'the controller memory cannot be handed down; the controller pids cannot be handed down'
  )
  expect((await denied('memory pids')).groups).toBe('')
})
