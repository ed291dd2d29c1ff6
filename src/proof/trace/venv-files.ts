import type { Generator, TraceContext, TracedMember, Verdict } from './generator.ts'
import { installedPlace } from './installed.ts'
import { differs } from './files/verdicts.ts'

function isInstalled({ artifact }: TraceContext): boolean {
  return artifact.kind === 'deb' || artifact.kind === 'image'
}

/** `pyvenv.cfg` (PEP 405): where the Python of an environment lies; nothing that runs. */
export const environmentFile: Generator = {
  name: 'pyvenv-cfg',
  reason:
    'A virtual environment says in pyvenv.cfg which Python it is of; each line is a path of the system.',
  matches: ({ path, kind }, context) =>
    kind === 'file' && isInstalled(context) && path.endsWith('/pyvenv.cfg'),
  derive(member, context) {
    const place = installedPlace(member.path, context.artifact.kind)
    const prefix = `/${(place?.path ?? '').replace(/\/?pyvenv\.cfg$/, '')}`
    const lines = (member.content?.toString('utf8') ?? '').split('\n').filter((line) => line !== '')
    const rules: Record<string, RegExp> = {
      home: /^\/usr\/(local\/)?bin$/,
      'include-system-site-packages': /^(true|false)$/,
      version: /^3\.\d+(\.\d+)?$/,
      version_info: /^3\.\d+\.\d+(\.final\.0)?$/,
      executable: /^\/usr\/(local\/)?bin\/python3(\.\d+)?$/,
      uv: /^\d+\.\d+\.\d+$/,
      implementation: /^CPython$/,
      prompt: /^[\w.-]+$/
    }
    const wrong = lines.find((line) => {
      const [, key = '', value = ''] = /^([a-z_-]+) = (.*)$/.exec(line) ?? []
      if (key === 'command') {
        const [, made = ''] =
          /^\/usr\/(?:local\/)?bin\/python3[\d.]* -m venv(?: --[a-z-]+)* (\/\S+)$/.exec(value) ?? []
        return made !== prefix
      }
      return rules[key]?.test(value) !== true
    })
    return Promise.resolve(
      wrong === undefined && lines.some((line) => line.startsWith('home = '))
        ? { traced: true, from: [] }
        : differs(member, undefined, 'venv')
    )
  }
}

/** `bin/python3` and `lib64` of an environment. */
export const environmentLinks: Generator = {
  name: 'venv-link',
  reason: 'A virtual environment links to the Python of the system.',
  matches: ({ kind }, context) => kind === 'symlink' && isInstalled(context),
  derive: (member, context) => Promise.resolve(deriveLink(member, context))
}

function deriveLink(member: TracedMember, context: TraceContext): Verdict | undefined {
  const place = installedPlace(member.path, context.artifact.kind)
  const [, folder, name] = /^(.*\/)(bin\/python3?(?:\.\d+)?|lib64)$/.exec(place?.path ?? '') ?? []
  if (folder === undefined || name === undefined) return undefined
  const prefix = member.path.slice(0, member.path.length - name.length)
  if (!context.members.has(`${prefix}pyvenv.cfg`)) return undefined
  const right = name === 'lib64' ? /^lib$/ : /^(?:\/usr\/(?:local\/)?bin\/)?python3?(?:\.\d+)?$/
  return right.test(member.linkTarget ?? '') ? { traced: true, from: [] } : undefined
}

/** What installers say of themselves (recording installed projects): a name, an empty mark, or where a wheel lay. */
export const installerNotes: Generator = {
  name: 'installer-note',
  reason: 'Installers leave their name, and whether and from where a package was asked for.',
  matches: ({ inner, kind, size }, context) =>
    kind === 'file' &&
    isInstalled(context) &&
    size <= 2000 &&
    /^[^/]+\.dist-info\/(INSTALLER|REQUESTED|direct_url\.json)$/.test(inner),
  derive(member) {
    const text = member.content?.toString('utf8') ?? (member.size === 0 ? '' : '?')
    const name = member.inner.slice(member.inner.lastIndexOf('/') + 1)
    const right =
      name === 'REQUESTED'
        ? text === ''
        : name === 'INSTALLER'
          ? /^(pip|uv|tagproof|debian)\n?$/.test(text)
          : isLocalArchive(text)
    return Promise.resolve(right ? { traced: true, from: [] } : differs(member, undefined, 'an installer'))
  }
}

/** PEP 610, for a wheel that lay in a folder: its path and its hash. */
function isLocalArchive(text: string): boolean {
  return /^\{"archive_info": ?\{("hash": ?"sha256=[0-9a-f]{64}",? ?)?("hashes": ?\{"sha256": ?"[0-9a-f]{64}"\})?\}, ?"url": ?"file:\/\/\/[\w.+%/-]{1,300}"\}$/.test(
    text
  )
}
