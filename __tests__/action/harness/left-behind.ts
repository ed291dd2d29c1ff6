import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, readlinkSync, rmSync, lstatSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Machine } from './fixture.ts'
import type { Job } from './job.ts'

/** Elsewhere than below /tmp, which it is laid over. */
const place = '/var/tmp/tagproof-upper-'
/** How long what a killed step has started may take to end. */
const patienceMilliseconds = 20_000

/**
 * Watches a self-hosted machine, which goes on after the job: whatever a step leaves outside of the workspace's output
 * folder is told. Root sees `/tmp` through an overlay, so that it counts what this job has written there and no other test.
 */
export class Watch {
  private readonly machine: Machine
  private readonly upper = mkdtempSync(place)
  private readonly groupsBefore = new Set(controlGroups())
  private readonly asRoot = process.getuid?.() === 0

  constructor(machine: Machine) {
    this.machine = machine
    // Of its own kind: one overlay cannot be the upper layer of another.
    if (this.asRoot) execFileSync('mount', ['-t', 'tmpfs', '-o', 'mode=0755', 'tagproof', this.upper])
    for (const name of ['files', 'work', 'hold']) mkdirSync(path.join(this.upper, name))
  }

  readonly wrap: Job['wrap'] = (argv) => {
    if (!this.asRoot) return [...argv]
    // The machine's own folder stays the real one: it is held while /tmp is covered.
    const script = `
      mount --bind "$2" "$1/hold"
      mount -t overlay -o "lowerdir=/tmp,upperdir=$1/files,workdir=$1/work" tagproof /tmp
      mount --move "$1/hold" "$2"
      cd "$3"
      shift 3
      exec "$@"`
    const given = [this.upper, this.machine.folder, this.machine.workspace]
    return ['unshare', '--mount', 'sh', '-euc', script, 'sh', ...given, ...argv]
  }

  /** Everything that is there and should not be; waits for what is still ending. */
  async left(patience: number = patienceMilliseconds): Promise<string[]> {
    const end = Date.now() + patience
    for (;;) {
      const found = this.look()
      if (found.length === 0 || Date.now() > end) return found
      await sleep(200)
    }
  }

  remove(): void {
    if (this.asRoot) execFileSync('umount', ['--lazy', this.upper])
    rmSync(this.upper, { recursive: true, force: true })
  }

  private look(): string[] {
    const { machine } = this
    const folder = path.basename(machine.folder)
    const below = (name: string, root: string, expected: readonly string[]): string[] =>
      readdirSync(root)
        .filter((entry) => !expected.includes(entry))
        .map((entry) => `${name}: ${entry}`)
    return [
      // The runner's own folder for its command files; the mount point of the machine's folder.
      ...below('runner temp', machine.temp, ['_runner_file_commands']),
      ...below('/tmp', path.join(this.upper, 'files'), [folder]),
      ...below('home', machine.home, []),
      ...below('workspace', machine.workspace, [
        ...machine.git('ls-files').split('\n').map(top),
        '.git',
        'tagproof-out'
      ]),
      ...foreignFiles(machine.workspace),
      ...processesOf(machine.folder),
      ...mountsOf([machine.folder]),
      ...controlGroups()
        .filter((group) => !this.groupsBefore.has(group))
        .map((group) => `control group ${group}`)
    ]
  }
}

function top(file: string): string {
  return file.split('/')[0] ?? file
}

/** Files that the next checkout could not remove, were it an ordinary user's. */
function foreignFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter(
      (name) => lstatSync(path.join(folder, name), { throwIfNoEntry: false })?.uid !== process.getuid?.()
    )
    .map((name) => `file of another user: ${name}`)
}

/** Processes that were started with something of the machine, or are in it. */
function processesOf(folder: string): string[] {
  const read = (pid: string, name: string): string => {
    try {
      return name === 'cwd'
        ? readlinkSync(`/proc/${pid}/cwd`)
        : readFileSync(`/proc/${pid}/${name}`, 'latin1')
    } catch {
      return ''
    }
  }
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => ['cmdline', 'environ', 'cwd'].some((name) => read(pid, name).includes(folder)))
    .map((pid) => `process ${pid}: ${read(pid, 'cmdline').replaceAll('\0', ' ').slice(0, 200)}`)
}

function mountsOf(names: readonly string[]): string[] {
  return readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .filter((line) => names.some((name) => line.includes(name)))
    .map((line) => `mount ${line}`)
}

/** Control groups without a process: of every sandbox on this machine, so those of other tests pass by. */
function controlGroups(): string[] {
  const names = (folder: string): string[] => {
    try {
      return readdirSync(folder, { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map((entry) => path.join(folder, entry.name))
    } catch {
      return []
    }
  }
  const roots = ['/sys/fs/cgroup', ...names('/sys/fs/cgroup')]
  return roots
    .flatMap((root) => names(path.join(root, 'tagproof')))
    .filter((group) => {
      try {
        return readFileSync(path.join(group, 'cgroup.procs'), 'utf8') === ''
      } catch {
        return false
      }
    })
}
