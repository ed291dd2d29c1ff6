import { chmod, copyFile, readFile, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { limitsField } from '../documents/config.ts'
import { TagproofError } from '../platform/errors.ts'
import { withTemporaryFolder } from '../platform/files.ts'
import type { PreparedRoot } from '../worlds/root.ts'
import { runInWorld } from '../worlds/run.ts'
import { withNetrc, type Netrc } from './netrc.ts'
import type { PipConfiguration } from './pip-configuration.ts'

/** One run of `pip install --dry-run` that writes a report and installs nothing. */
export interface PipRequest {
  /** PEP 508. */
  requirements: readonly string[]
  /** `name==version` lines that the result must keep. */
  constraints: readonly string[]
  configuration: PipConfiguration
  netrc: Netrc
  onLine?: (line: string) => void
  signal?: AbortSignal
}

export interface PipResult {
  code: number | null
  /** The installation report (pip documentation, "Installation Report"); null if pip wrote none. */
  report: string | null
  output: string
}

export type PipRunner = (request: PipRequest) => Promise<PipResult>

const certificatesInside = '/run/tagproof-certificates.pem'
const constraintsInside = '/run/tagproof-constraints.txt'
/** A resolver downloads the metadata, and now and then whole wheels. */
const pipLimits = limitsField.parse({ minutes: 20 })

/**
 * Runs the root's pip in a Python that starts no other program. A resolver of wheels needs none; the hooks of an
 * sdist, which a wheel may ask for by address in its metadata, cannot run without one.
 */
const pipAlone = `
import glob, os, runpy, sys
def alone(event, arguments):
    if event in ('subprocess.Popen', 'os.system', 'os.exec', 'os.posix_spawn', 'os.spawn', 'os.fork', 'os.forkpty'):
        raise PermissionError('the resolver starts no other program')
sys.addaudithook(alone)
sys.path.insert(0, glob.glob('/usr/share/python-wheels/pip-*.whl')[0])
sys.argv[1:1] = ['install', '--report', os.path.join(os.environ['OUT_DIR'], 'report.json')]
runpy.run_module('pip', run_name='__main__', alter_sys=True)
`

/** Pip of the root, in a world that has the network and runs nothing of the project. */
export function pipInRoot(root: PreparedRoot): PipRunner {
  return (request) =>
    withTemporaryFolder('tagproof-pip', async (folder) => {
      const outputs = path.join(folder, 'out')
      const constraints = path.join(folder, 'constraints.txt')
      await writeFile(constraints, `${request.constraints.join('\n')}\n`)
      const binds = [{ source: constraints, destination: constraintsInside }]
      const certificates = await certificateFile(request.configuration, folder)
      if (certificates !== null) binds.push({ source: certificates, destination: certificatesInside })
      for (const place of await localLinks(request.configuration))
        binds.push({ source: place, destination: place })
      // Everybody may read what is bound: the user inside owns nothing of ours.
      await chmod(folder, 0o755)
      for (const file of [constraints, certificates]) if (file !== null) await chmod(file, 0o644)
      const result = await runInWorld({
        world: 'a',
        root,
        exportTar: null,
        binds,
        command: [
          root.python ?? '/usr/bin/python3',
          '-I',
          '-c',
          pipAlone,
          ...pipArguments(request.requirements, constraintsInside)
        ],
        environment: pipEnvironment(request, certificates === null ? null : certificatesInside),
        limits: pipLimits,
        network: 'host',
        outputs,
        ...(request.onLine === undefined ? {} : { onLine: request.onLine }),
        ...(request.signal === undefined ? {} : { signal: request.signal })
      })
      if (result.contained !== null)
        throw new TagproofError('lock-unresolvable', `The resolver was stopped: ${result.contained}.`, {
          output: result.output
        })
      const report = await readFile(path.join(outputs, 'report.json'), 'utf8').catch(() => null)
      return { code: result.code, report, output: result.output }
    })
}

/** What follows `pip install --report FILE`. */
export function pipArguments(requirements: readonly string[], constraintsFile: string): string[] {
  const wheelsAlone = ['--dry-run', '--ignore-installed', '--only-binary', ':all:']
  // Pip refuses to resolve nothing, unless that is what a file says; its report names the interpreter.
  const nothing = requirements.length === 0 ? ['--requirement', '/dev/null'] : []
  // After the two dashes a requirement never reads as an option.
  return [...wheelsAlone, '--constraint', constraintsFile, ...nothing, '--', ...requirements]
}

/**
 * The variables that carry the user's index configuration to a pip that reads no files. Credentials of netrc move
 * into the URLs, since its file is private to the user.
 */
export function pipEnvironment(
  { configuration, netrc }: Pick<PipRequest, 'configuration' | 'netrc'>,
  certificates: string | null,
  variables: Readonly<Record<string, string | undefined>> = process.env
): Record<string, string> {
  const named = (url: string): string => (/^https?:/i.test(url) ? withNetrc(url, netrc) : url)
  const values: Record<string, string | null> = {
    PIP_INDEX_URL: configuration.indexUrl === null ? null : named(configuration.indexUrl),
    PIP_EXTRA_INDEX_URL: configuration.extraIndexUrls.map(named).join(' '),
    PIP_FIND_LINKS: configuration.findLinks.map(named).join(' '),
    PIP_NO_INDEX: configuration.noIndex ? '1' : null,
    PIP_TRUSTED_HOST: configuration.trustedHosts.join(' '),
    PIP_PROXY: configuration.proxy,
    PIP_CERT: certificates,
    PIP_TIMEOUT: configuration.timeout,
    PIP_RETRIES: configuration.retries,
    PIP_CONFIG_FILE: '/dev/null',
    // Nothing is installed: the mark of an externally managed environment (PEP 668) has nothing to protect.
    PIP_BREAK_SYSTEM_PACKAGES: '1',
    PIP_NO_INPUT: '1',
    PIP_NO_CACHE_DIR: '1',
    PIP_DISABLE_PIP_VERSION_CHECK: '1',
    PIP_PROGRESS_BAR: 'off',
    PYTHONDONTWRITEBYTECODE: '1'
  }
  for (const scheme of ['http_proxy', 'https_proxy', 'no_proxy'])
    values[scheme] = variables[scheme] ?? variables[scheme.toUpperCase()] ?? null
  return Object.fromEntries(
    Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== null && entry[1] !== '')
  )
}

/** The user's own file, or the machine's; a copy, since the original may be private. */
async function certificateFile(configuration: PipConfiguration, folder: string): Promise<string | null> {
  const copy = path.join(folder, 'certificates.pem')
  for (const file of [configuration.cert, '/etc/ssl/certs/ca-certificates.crt']) {
    if (file === null) continue
    const copied = await copyFile(file, copy).then(
      () => true,
      () => false
    )
    if (copied) return copy
  }
  return null
}

async function localLinks(configuration: PipConfiguration): Promise<string[]> {
  const places = configuration.findLinks.filter((place) => path.isAbsolute(place))
  const there = await Promise.all(
    places.map((place) =>
      stat(place).then(
        () => place,
        () => null
      )
    )
  )
  return there.filter((place) => place !== null)
}
