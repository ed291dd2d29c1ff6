import { access } from 'node:fs/promises'
import { TagproofError } from './errors.ts'
import { privileged, requirePrivilege } from './privilege.ts'
import { plainEnvironment, run } from './process.ts'

/** What root is denied on this machine; a text is empty where nothing is. */
export interface DeniedRights {
  /** Whether this is the inside of a container, by the marks that docker and podman leave there. */
  container: boolean
  /** What was said of own namespaces with a mount in them. */
  namespaces: string
  /** What was said of control groups with limits. */
  groups: string
}

/** What a job container needs: the rights, and control groups that can be divided where version 2 is in use. */
export const containerOptions = 'options: --privileged --cgroupns=host'

/**
 * Tries what every sandbox begins with, as root, and prints a line for what is denied. Nothing stays: the mount is in a
 * namespace that ends at once, and control groups are only looked at. In version 2 a group that holds processes cannot
 * hand controllers down, unless it is the root of all (cgroups(7), "no internal processes"): so it is inside of a
 * container with a cgroup namespace of its own.
 */
const probe = `
deny() { printf '%s %s\\n' "$1" "$2"; }
said=$(unshare --mount --pid --fork --mount-proc --propagation=private -- true 2>&1) ||
  deny namespaces "$(printf '%s' "$said" | head -n 1)"
said=$(unshare --user -- true 2>&1) || deny namespaces "$(printf '%s' "$said" | head -n 1)"
cd /sys/fs/cgroup 2>/dev/null || { deny groups 'there are no control groups'; exit 0; }
if [ -e cgroup.controllers ]; then
  [ -w . ] || deny groups 'control groups may not be written'
  for name in memory pids; do
    grep -qw "$name" cgroup.controllers || deny groups "there is no controller $name"
    if [ -e cgroup.type ] && ! grep -qw "$name" cgroup.subtree_control && grep -q . cgroup.procs
    then deny groups "the controller $name cannot be handed down"; fi
  done
else
  for name in memory pids; do
    [ -w "$name" ] || deny groups "control groups of $name may not be written"
  done
fi
`

/** @throws TagproofError `privilege-missing` where the user may not become root */
export async function gatherDeniedRights(): Promise<DeniedRights> {
  await requirePrivilege()
  const { command, args } = privileged('sh', ['-c', probe])
  const { stdout } = await run(command, args, { env: plainEnvironment, timeoutSeconds: 20 })
  const lines = stdout.toString('utf8').split('\n')
  const said = (name: string): string =>
    lines
      .filter((line) => line.startsWith(`${name} `))
      .map((line) => line.slice(name.length + 1))
      .join('; ')
  const marks = await Promise.all(['/.dockerenv', '/run/.containerenv'].map(exists))
  return { container: marks.includes(true), namespaces: said('namespaces'), groups: said('groups') }
}

/** The refusal that denied rights come to, or null where all are there. Pure. */
export function refusalOfRights({ container, namespaces, groups }: DeniedRights): TagproofError | null {
  const denied = [namespaces, groups].filter((text) => text !== '').join('; ')
  if (denied === '') return null
  return new TagproofError(
    'sandbox-unavailable',
    container
      ? 'This job container may not set up a sandbox.'
      : 'The system does not let root set up a sandbox.',
    {
      found: denied,
      expected: 'own namespaces with mounts in them, and control groups with limits of memory and processes',
      fix: container
        ? `Add "${containerOptions}" below "container:" of the job, or run the job without a container.`
        : `Run on a machine that allows it. In a job container, add "${containerOptions}" below "container:".`
    }
  )
}

let granted: Promise<void> | undefined

/**
 * Makes sure that worlds can be set up, before anything is fetched or half-made. Asked once: what was granted stays.
 *
 * @throws TagproofError `privilege-missing`, `sandbox-unavailable`
 */
export async function requireRights(): Promise<void> {
  granted ??= gatherDeniedRights().then((denied) => {
    const refusal = refusalOfRights(denied)
    if (refusal !== null) throw refusal
  })
  await granted.catch((error: unknown) => {
    granted = undefined
    throw error
  })
}

function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false
  )
}
