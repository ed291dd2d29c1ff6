import type { Generator, TraceContext, TracedMember, Verdict } from '../generator.ts'
import { at, asTable, asText, asTexts } from '../metadata/toml-values.ts'
import { globMatcher } from '../../../source/glob.ts'
import { projectConfiguration, type ProjectConfiguration } from './project.ts'
import { packagePathsNamed } from './tree-names.ts'
import { oneOf } from './verdicts.ts'
import { isPlacedAt, largestVersionFile } from './version-place.ts'
import { versionsOf, versionTuples } from './version-value.ts'
import { pythonRepr } from './python-text.ts'

/**
 * A file of the tag in which a tool sets the version, and nothing else: `__version__ = "0.0.0"` becomes
 * `__version__ = "1.2.3"`.
 */
interface Substitution {
  maker: string
  fits: (path: string) => boolean
  substitute: (text: string, version: string) => string
}

export const substitutedVersion: Generator = {
  name: 'substituted-version',
  reason:
    'A file of the tag in which poetry-dynamic-versioning or hatchling has set the version, and nothing else.',
  matches: (member) => member.kind === 'file' && member.size <= 16 * largestVersionFile,
  async derive(member, context) {
    if (member.content === null) return undefined
    const project = await projectConfiguration(context)
    for (const substitution of [...dynamicVersioning(project), ...hatchPattern(project)]) {
      const verdict = await derive(substitution, member, { context, project })
      if (verdict !== undefined) return verdict
    }
    return undefined
  }
}

async function derive(
  { fits, substitute, maker }: Substitution,
  member: TracedMember,
  place: { context: TraceContext; project: ProjectConfiguration }
): Promise<Verdict | undefined> {
  const { context } = place
  const { folder, tree } = context
  const path = packagePathsNamed(context, member.inner).find(
    (candidate) =>
      fits(candidate.slice(folder.length)) && isPlacedAt(member, candidate.slice(folder.length), place)
  )
  const text = path === undefined ? undefined : (await tree.read(path))?.toString('utf8')
  if (path === undefined || text === undefined) return undefined
  const versions = await versionsOf(context)
  return oneOf(
    member,
    versions.map((version) => substitute(text, version)),
    { maker, from: [path] }
  )
}

/** The defaults of poetry-dynamic-versioning (README, "tool.poetry-dynamic-versioning.substitution"). */
function dynamicVersioning({ pyproject }: ProjectConfiguration): Substitution[] {
  const table = asTable(at(pyproject, 'tool.poetry-dynamic-versioning'))
  if (table.enable !== true) return []
  const substitution = asTable(table.substitution)
  const globs = asTexts(substitution.files ?? ['*.py', '*/__init__.py', '*/__version__.py', '*/_version.py'])
  // Own patterns are regular expressions of another language: what they would give is not claimed.
  if (substitution.patterns !== undefined) return []
  const fits = globMatcher(globs.flatMap((glob) => [glob, `src/${glob}`]))
  return [
    {
      maker: 'poetry-dynamic-versioning',
      fits,
      substitute: (text, version) =>
        text
          .replace(
            /^(__version__\s*(?::.*?)?=\s*['"])[^'"]*(['"])/gm,
            (_, before: string, after: string) => before + version + after
          )
          .replace(
            /^(__version_tuple__\s*(?::.*?)?=\s*\()[^)]*(\))/gm,
            (_, before: string, after: string) =>
              before + (pythonRepr(versionTuples(version)[0] ?? []) ?? '').slice(1, -1) + after
          )
    }
  ]
}

function hatchPattern({ pyproject, hatch }: ProjectConfiguration): Substitution[] {
  return [asTable(at(pyproject, 'tool.hatch')), hatch].flatMap((root) => {
    const hook = asTable(at(root, 'build.hooks.version'))
    const path = asText(hook.path)
    if (path === undefined || hook.pattern !== true) return []
    return [
      {
        maker: 'hatchling',
        fits: (candidate: string) => candidate === path,
        substitute: (text: string, version: string) =>
          text.replace(
            /^((?:__version__|VERSION)(?: ?: ?str)? *= *(['"])v?)(.+?)(\2)/im,
            (_, before: string, quote: string) => before + version + quote
          )
      }
    ]
  })
}
