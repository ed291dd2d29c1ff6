import { cp, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import path from 'node:path'
import { limitsField } from '../documents/config.ts'
import { worlds, type World } from '../documents/identifiers.ts'
import { sha256OfBytes } from '../platform/files.ts'
import { plainEnvironment, runChecked } from '../platform/process.ts'
import { asTagproofError, type TagproofError } from '../platform/errors.ts'
import { runInWorld } from '../worlds/run.ts'

/** What a command in a sandbox saw of itself. */
export interface SeenInside {
  capabilities: string
  noNewPrivileges: string
  /** Names of network devices. */
  network: string[]
  hostName: string
}

export type SandboxFacts = { world: World; seen: SeenInside } | { world: World; error: TagproofError }

/** Reads `/proc` with nothing but what a shell can do itself: there is no other program. */
const look = `
while read -r name value rest; do
  case $name in CapBnd:) echo "capabilities $value";; NoNewPrivs:) echo "no-new-privileges $value";; esac
done </proc/self/status
while read -r name rest; do case $name in *:) echo "network \${name%:}";; *:*) echo "network \${name%%:*}";; esac; done </proc/net/dev
read -r name </proc/sys/kernel/hostname
echo "host-name $name"
`

const limits = limitsField.parse({ minutes: 1, 'memory-mib': 256, 'disk-mib': 64, processes: 32 })

/**
 * Sets up both worlds for real, around a root that holds a shell and nothing else, and lets it look around.
 *
 * @param cache where roots lie: its file system has to be fit for them as well
 */
export async function trySandbox(cache: string, signal?: AbortSignal): Promise<SandboxFacts[]> {
  await mkdir(cache, { recursive: true })
  const folder = await mkdtemp(path.join(cache, 'doctor-'))
  try {
    const root = path.join(folder, 'root')
    await makeShellRoot(root)
    const facts: SandboxFacts[] = []
    for (const world of worlds) facts.push(await tryWorld(world, root, path.join(folder, world), signal))
    return facts
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function tryWorld(
  world: World,
  root: string,
  outputs: string,
  signal: AbortSignal | undefined
): Promise<SandboxFacts> {
  try {
    await mkdir(outputs)
    const { code, output } = await runInWorld({
      world,
      root: { path: root, hash: sha256OfBytes('shell'), python: null },
      exportTar: null,
      binds: [],
      command: ['/bin/sh', '-euc', `exec >"$OUT_DIR/seen"${look}`],
      environment: {},
      limits,
      network: 'none',
      outputs,
      ...(signal === undefined ? {} : { signal })
    })
    const text = await readFile(path.join(outputs, 'seen'), 'utf8').catch(() => '')
    return { world, seen: parseSeen(code === 0 ? text : output) }
  } catch (error) {
    const known = asTagproofError(error)
    if (known.code === 'cancelled') throw known
    return { world, error: known }
  }
}

function parseSeen(text: string): SeenInside {
  const values = (name: string): string[] =>
    text
      .split('\n')
      .filter((line) => line.startsWith(`${name} `))
      .map((line) => line.slice(name.length + 1))
  return {
    capabilities: values('capabilities')[0] ?? '',
    noNewPrivileges: values('no-new-privileges')[0] ?? '',
    network: values('network'),
    hostName: values('host-name')[0] ?? ''
  }
}

/** The shell of this machine and the libraries that it is linked with (ldd(1)). */
async function makeShellRoot(root: string): Promise<void> {
  const linked = await runChecked('ldd', ['/bin/sh'], { env: plainEnvironment }).catch(() => '')
  const libraries = [...linked.matchAll(/(?:=>\s+|^\s*)(\/\S+)\s+\(0x/gm)].map(([, file = '']) => file)
  for (const file of ['/bin/sh', ...libraries])
    await cp(file, path.join(root, file), { dereference: true, recursive: true })
  // Whatever the umask of this user is: the world's own user has to read it.
  await runChecked('chmod', ['-R', 'u=rwX,go=rX', root], { env: plainEnvironment })
}
