import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { digestOf } from '../../../../src/platform/registry/reading.ts'
import { plainEnvironment, runChecked } from '../../../../src/platform/process.ts'
import { privileged } from '../../../../src/platform/privilege.ts'
import { evidenceType } from '../../../../src/destinations/registry/evidence.ts'
import { tarMember, tarOf } from '../../../unit/formats/forge.ts'
import { runDestination } from '../../support/registry/destination-run.ts'
import { imageClients, startGoRegistry } from '../../support/registry/go-tools.ts'
import { makeTinyImages, type TinyImages } from '../../support/registry/tiny-images.ts'
import { startRegistry } from '../../support/registry.ts'

/** What clients of other people see at registries of other people. */

let room: string
let release: TinyImages
let tools: string
const evidence = [
  { name: 'proof.json', mediaType: 'application/json', bytes: Buffer.from('{"proven":true}\n') }
]

beforeAll(async () => {
  room = await mkdtemp(path.join(tmpdir(), 'tagproof-cl-'))
  tools = await imageClients()
  const hello = await compiled()
  const executable = tarMember('hello', hello, { 100: '0000755' })
  release = await makeTinyImages({
    repositories: ['web'],
    platforms: ['linux/amd64', 'linux/arm64'],
    layer: () => tarOf(executable),
    entrypoint: ['/hello']
  })
})
afterAll(async () => {
  await release.remove()
  await rm(room, { recursive: true, force: true })
})

describe.each([
  ["Debian's docker-registry, which keeps no list of what refers to an image", startRegistry],
  ["go-containerregistry's, which keeps one", startGoRegistry]
])('%s', (_, start) => {
  let host: string
  let close: () => Promise<void>
  beforeAll(async () => {
    ;({ host, close } = await start())
    await runDestination({ origin: `http://${host}`, release, evidence })
  })
  afterAll(() => close())

  it('crane, skopeo and oras report the digest that was compared', async () => {
    const name = `${host}/tiny-demo/web:1.0`
    const expected = release.images[0]?.image.root.digest
    const inspected = JSON.parse(
      await tool('skopeo', ['inspect', '--tls-verify=false', '--no-tags', '--override-arch=amd64', '--override-os=linux', `docker://${name}`]) // prettier-ignore
    ) as { Digest: string; Labels: Record<string, string> }
    const raw = await tool('skopeo', ['inspect', '--raw', '--tls-verify=false', `docker://${name}`])
    const digests = [
      await tool(path.join(tools, 'crane'), ['digest', '--insecure', name]),
      await tool(path.join(tools, 'oras'), ['resolve', '--plain-http', name]),
      digestOf(Buffer.from(raw)),
      inspected.Digest
    ]
    expect(digests.map((digest) => digest.trim())).toEqual(digests.map(() => expected))
    expect(inspected.Labels['org.opencontainers.image.version']).toBe('1.0')
    await tool(path.join(tools, 'crane'), ['validate', '--insecure', '--remote', name])
  })

  it('oras finds the evidence from the image, and fetches it', async () => {
    const name = `${host}/tiny-demo/web`
    const found = JSON.parse(
      await tool(path.join(tools, 'oras'), ['discover', '--plain-http', '--format', 'json', `${name}:1.0`])
    ) as { referrers: { artifactType: string; digest: string }[] }
    expect(found.referrers.map(({ artifactType }) => artifactType)).toEqual([evidenceType])
    const folder = path.join(room, 'pulled')
    const digest = found.referrers[0]?.digest ?? ''
    await tool(path.join(tools, 'oras'), ['pull', '--plain-http', '-o', folder, `${name}@${digest}`])
    expect(await readFile(path.join(folder, 'proof.json'))).toEqual(evidence[0]?.bytes)
  })

  it('the image that was pulled by its digest runs', async () => {
    const name = `${host}/tiny-demo/web@${release.images[0]?.image.root.digest ?? ''}`
    const store = path.join(room, 's')
    const policy = path.join(room, 'policy.json')
    await writeFile(policy, '{"default":[{"type":"insecureAcceptAnything"}]}')
    const podman = ['--cgroup-manager=cgroupfs', '--storage-driver=vfs', '--root', `${store}/root`, '--runroot', `${store}/run`] // prettier-ignore
    try {
      await asRoot([...podman, 'pull', '--quiet', '--tls-verify=false', '--signature-policy', policy, name])
      const limits = ['--ulimit', 'nofile=1024:1024', '--ulimit', 'nproc=4096:4096']
      const group = `--cgroup-parent=/tagproof-clients-${process.pid}`
      const said = await asRoot([...podman, 'run', '--rm', '--network=none', group, ...limits, name])
      expect(said).toBe('hello from the release\n')
    } finally {
      await asRoot([...podman, 'rmi', '--all', '--force']).catch(() => undefined)
      const removing = privileged('rm', ['-rf', store])
      await tool(removing.command, removing.args)
    }
  })
})

/** In mounts of its own, since podman leaves one for its store. */
function asRoot(args: readonly string[]): Promise<string> {
  const called = privileged('env', [
    `HOME=${room}`,
    `XDG_RUNTIME_DIR=${room}`,
    'unshare',
    '--mount',
    'podman',
    ...args
  ])
  return tool(called.command, called.args)
}

async function tool(command: string, args: readonly string[]): Promise<string> {
  return runChecked(command, args, { env: { ...plainEnvironment, HOME: room } })
}

/** A program that needs nothing but itself. */
async function compiled(): Promise<Buffer> {
  const folder = path.join(room, 'hello')
  await mkdir(folder)
  const source = path.join(folder, 'hello.c')
  await writeFile(
    source,
    '#include <stdio.h>\nint main(void) { puts("hello from the release"); return 0; }\n'
  )
  await runChecked('gcc', ['-static', '-Os', '-s', '-o', path.join(folder, 'hello'), source], {
    env: plainEnvironment
  })
  return readFile(path.join(folder, 'hello'))
}
