import { mkdir, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { TagproofError, type ErrorCode } from '../platform/errors.ts'
import { sha256OfBytes } from '../platform/files.ts'
import { lastLines, plainEnvironment, run, type Environment, type RunResult } from '../platform/process.ts'
import { formatAptSources, type AptSource } from './apt-sources.ts'

/** An apt that knows nothing of this machine but what it is given, in a folder of its own. */
export interface IsolatedApt {
  /** Fetches and verifies all indexes. */
  update(): Promise<void>
  /** What an installation into an empty system would download, as `--print-uris` prints it. */
  plan(packages: readonly string[]): Promise<string>
  /** Stanzas of `name=version` packages. */
  show(packages: readonly string[]): Promise<string>
  /** Versions and providers of names, as `apt-cache showpkg` prints them. */
  offers(names: readonly string[]): Promise<string>
  /** Folder of the verified indexes. */
  lists: string
}

export interface IsolatedAptOptions {
  sources: readonly AptSource[]
  architecture: string
  /** Lines of apt configuration that say how servers are reached. */
  acquire: readonly string[]
  /** Stanzas of packages that exist for the plan alone; apt takes them as they are. */
  imagined?: string
  signal?: AbortSignal
}

/** Longest `apt-get update` that is waited for. */
const updateTimeoutSeconds = 600
const proxyVariables = ['http_proxy', 'https_proxy', 'no_proxy', 'HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY']

export async function createIsolatedApt(folder: string, options: IsolatedAptOptions): Promise<IsolatedApt> {
  const lists = path.join(folder, 'state/lists')
  for (const name of [
    'state/lists/partial',
    'cache/archives/partial',
    'etc/preferences.d',
    'etc/trusted.d',
    'log'
  ])
    await mkdir(path.join(folder, name), { recursive: true })
  await writeFile(path.join(folder, 'status'), '')
  await mkdir(path.join(folder, 'etc/sources.d'))
  await writeFile(
    path.join(folder, 'etc/sources.d/root.sources'),
    formatAptSources(options.sources, options.architecture)
  )
  if (options.imagined !== undefined) await writeImagined(folder, options.imagined)
  const configuration = path.join(folder, 'apt.conf')
  await writeFile(configuration, aptConfiguration(folder, options.architecture, options.acquire))
  const env = aptEnvironment(folder, configuration, process.env)
  const apt = (command: string, args: readonly string[], timeoutSeconds = 120): Promise<RunResult> =>
    run(command, args, {
      env,
      cwd: folder,
      timeoutSeconds,
      ...(options.signal === undefined ? {} : { signal: options.signal })
    })
  return {
    lists,
    async update() {
      const result = await apt('apt-get', ['update', '--error-on=any', '-q'], updateTimeoutSeconds)
      if (result.code !== 0) throw updateError(result)
    },
    async plan(packages) {
      const install = (quiet: string): Promise<RunResult> =>
        apt('apt-get', ['install', quiet, '-y', '--print-uris', '--', ...packages])
      const result = await install('-qq')
      // So quiet, it does not say what stands in the way.
      if (result.code !== 0) throw planError(await install('-q'))
      return result.stdout.toString('utf8')
    },
    async show(packages) {
      const result = await apt('apt-cache', ['show', '--', ...packages])
      if (result.code !== 0) throw planError(result)
      return result.stdout.toString('utf8')
    },
    async offers(names) {
      return (await apt('apt-cache', ['showpkg', '--', ...names])).stdout.toString('utf8')
    }
  }
}

/** A flat archive of our own in the same folder. It is the one source that needs no signature. */
async function writeImagined(folder: string, stanzas: string): Promise<void> {
  const place = path.join(folder, 'imagined')
  await mkdir(place)
  await writeFile(path.join(place, 'Packages'), stanzas)
  const listed = `${sha256OfBytes(stanzas)} ${Buffer.byteLength(stanzas)} Packages`
  await writeFile(path.join(place, 'Release'), `Suite: ./\nSHA256:\n ${listed}\n`)
  await writeFile(
    path.join(folder, 'etc/sources.d/imagined.sources'),
    `Types: deb\nURIs: file:${place}\nSuites: ./\nTrusted: yes\n`
  )
}

/** Everything apt would otherwise read from the machine is replaced (apt.conf(5)). */
export function aptConfiguration(folder: string, architecture: string, acquire: readonly string[]): string {
  return [
    `Dir "${folder}";`,
    `Dir::State "${folder}/state";`,
    `Dir::State::status "${folder}/status";`,
    `Dir::State::extended_states "${folder}/state/extended_states";`,
    `Dir::Cache "${folder}/cache";`,
    `Dir::Log "${folder}/log";`,
    `Dir::Etc "${folder}/etc";`,
    'Dir::Etc::main "/dev/null";',
    'Dir::Etc::parts "/dev/null";',
    'Dir::Etc::sourcelist "/dev/null";',
    `Dir::Etc::sourceparts "${folder}/etc/sources.d";`,
    'Dir::Etc::preferences "/dev/null";',
    `Dir::Etc::preferencesparts "${folder}/etc/preferences.d";`,
    'Dir::Etc::trusted "/dev/null";',
    `Dir::Etc::trustedparts "${folder}/etc/trusted.d";`,
    // User names and passwords of private mirrors, as the administrator wrote them.
    'Dir::Etc::netrc "/etc/apt/auth.conf";',
    'Dir::Etc::netrcparts "/etc/apt/auth.conf.d";',
    `APT::Architecture "${architecture}";`,
    `APT::Architectures { "${architecture}"; };`,
    'APT::Install-Recommends "false";',
    'APT::Install-Suggests "false";',
    // Ubuntu phases updates by machine id: every machine shall resolve the same.
    'APT::Get::Always-Include-Phased-Updates "true";',
    // The folder is private to us, so root may not step down to another user.
    'APT::Sandbox::User "root";',
    'Acquire::Languages "none";',
    'Acquire::AllowInsecureRepositories "false";',
    'Acquire::AllowWeakRepositories "false";',
    'Acquire::AllowDowngradeToInsecureRepositories "false";',
    ...acquire,
    ''
  ].join('\n')
}

function aptEnvironment(folder: string, configuration: string, variables: NodeJS.ProcessEnv): Environment {
  const proxies = proxyVariables.flatMap((name) =>
    variables[name] === undefined ? [] : [[name, variables[name]]]
  )
  return {
    ...plainEnvironment,
    ...(Object.fromEntries(proxies) as Record<string, string>),
    APT_CONFIG: configuration,
    HOME: folder,
    TMPDIR: os.tmpdir(),
    DEBIAN_FRONTEND: 'noninteractive'
  }
}

interface Complaint {
  pattern: RegExp
  code: ErrorCode
  message: string
  fix: string
}

/** What apt says when indexes cannot be had, most telling first. */
const updateComplaints: readonly Complaint[] = [
  {
    pattern:
      /NO_PUBKEY|EXPKEYSIG|REVKEYSIG|BADSIG|is not signed|invalid signature|signatures? (couldn't|were invalid)|Clearsigned file isn't valid|Sub-process .*gpgv/i,
    code: 'signature-invalid',
    message: 'The signature of a package index cannot be verified.',
    fix: 'Install the current archive keyring of that distribution, or use another mirror.'
  },
  {
    pattern: /is expired|is not valid yet|Release file .* not valid/i,
    code: 'signature-invalid',
    message: 'A package index is out of date: its signed validity has ended, or has not begun.',
    fix: 'Use a mirror that is up to date, and check the clock of this machine.'
  },
  {
    pattern: /Hash Sum mismatch|unexpected size|File has unexpected|Mirror sync in progress/i,
    code: 'index-answer',
    message: 'A package index does not match its own signed list.',
    fix: 'The mirror is being updated or was altered: try again later, or use another one.'
  },
  {
    pattern: /does not have a Release file|404 {2}Not Found|doesn't have the component|File not found/i,
    code: 'index-answer',
    message: 'The mirror does not hold the suite or component.',
    fix: 'Correct the suite, the components or sources.mirror.'
  }
]

function updateError(result: RunResult): TagproofError {
  const output = complaintsOf(result)
  const complaint = updateComplaints.find(({ pattern }) => pattern.test(output)) ?? {
    code: 'network',
    message: 'The package indexes cannot be fetched.',
    fix: 'Check the network, the proxy variables and the sources of apt.'
  }
  return new TagproofError(complaint.code, complaint.message, {
    output: lastLines(output, 12),
    fix: complaint.fix
  })
}

function planError(result: RunResult): TagproofError {
  const output = complaintsOf(result)
  const missing = [
    ...output.matchAll(/Unable to locate package (\S+)|Package '?(\S+?)'? has no installation candidate/g)
  ]
    .map((match) => match[1] ?? match[2] ?? '')
    .join(', ')
  return new TagproofError(
    'lock-unresolvable',
    missing === ''
      ? 'The packages of the root cannot be installed together.'
      : `There is no package ${missing} in the suite.`,
    {
      output: lastLines(output, 20),
      fix: 'Correct the packages of the root or target in the configuration, or choose another suite.'
    }
  )
}

/** Errors and warnings, without the addresses' user names and passwords. */
function complaintsOf(result: RunResult): string {
  const text = `${result.stdout.toString('utf8')}\n${result.stderr.toString('utf8')}`
  const lines = text.split('\n').filter((line) => !/^(Get|Hit|Ign|Fetched|Reading|Building)[: ]/.test(line))
  return lines
    .join('\n')
    .replace(/\/\/[^/@\s]*@/g, '//')
    .trim()
}
