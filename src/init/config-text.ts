import { configPath } from '../documents/layout.ts'
import { readConfig } from '../documents/config-reading.ts'
import { runner } from './pins.ts'

type Kind = 'python' | 'deb' | 'image'
export interface FoundTarget {
  kind: Kind
  /** Folder in the tree. */
  path: string
}

/** What a folder holds that is a target of a kind; `debian/` lies in the folder. */
const marks: readonly { kind: Kind; file: RegExp }[] = [
  { kind: 'python', file: /^(.*\/)?(?:pyproject\.toml|setup\.py)$/ },
  { kind: 'deb', file: /^(.*\/)?debian\/control$/ },
  { kind: 'image', file: /^(.*\/)?(?:Dockerfile|Containerfile)$/ }
]
/** Folders whose projects are not what a project releases. */
const elsewhere =
  /(^|\/)(tests?|docs?|examples?|samples?|fixtures|vendor|third[-_]party|node_modules|contrib|\.[^/]+)\//i
const deepest = 3

/** What could be built below the top of a tree; only shallow folders, none of tests, docs or examples. Pure. */
export function nestedTargets(paths: readonly string[]): FoundTarget[] {
  const found = new Map<string, FoundTarget>()
  for (const name of paths) {
    if (elsewhere.test(name)) continue
    for (const { kind, file } of marks) {
      const folder = file.exec(name)?.[1]?.replace(/\/$/, '')
      if (folder === undefined || folder.split('/').length > deepest) continue
      found.set(`${kind} ${folder}`, { kind, path: folder })
    }
  }
  return [...found.values()].sort((one, other) => (one.path < other.path ? -1 : 1))
}

export interface ConfigNeeds {
  /** To be listed, since the top of the tree shows nothing. */
  targets: readonly FoundTarget[]
  /** The archive that the lock's packages come from, where runners have others. */
  mirror: { suite: string; address: string } | null
  /** There are Python packages, and nothing says where they are published. */
  index: boolean
  /** A release on GitHub was asked for. */
  github?: boolean
}

/** Puts the packages on the index that everybody uses. */
export const indexLines = ['destinations:', '  - kind: pypi'] as const
export const githubLine = '  - kind: github'

/**
 * The configuration that a project needs, or null where the tree says all. Pure.
 *
 * @throws TagproofError `config-invalid` if what was found cannot be written down
 */
export function configText({ targets, mirror, index, github = false }: ConfigNeeds): string | null {
  const parts: string[] = []
  if (mirror !== null)
    parts.push(
      `# The lock names packages of ${mirror.suite}. Runners (${runner.suite}) have other archives, so they are told this one.`,
      'sources:',
      `  mirror: ${mirror.address}`
    )
  if (targets.length > 0)
    parts.push(
      '# The top of the tree shows nothing to build; these were found below. Keep what you release.',
      'targets:',
      ...targets.flatMap(({ kind, path }) => [`  - kind: ${kind}`, `    path: ${JSON.stringify(path)}`])
    )
  if (index || github)
    parts.push(
      '# Where publish sends the packages; without this nothing leaves the machine.',
      ...(index ? indexLines : indexLines.slice(0, 1)),
      ...(github ? [githubLine] : [])
    )
  if (parts.length === 0) return null
  const text = `${parts.join('\n')}\n`
  readConfig(text, configPath)
  return text
}
