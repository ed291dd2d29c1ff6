import { posix } from 'node:path'
import { installPath } from '../placement.ts'
import type { TraceContext, TracedMember } from '../generator.ts'
import { dictOf } from '../../../formats/ini.ts'
import { at, textEntries } from '../metadata/toml-values.ts'
import type { ProjectConfiguration } from './project.ts'

/** A version file is a few lines; what is longer is none. */
export const largestVersionFile = 64 * 1024

/**
 * Whether a member is the file that a configuration names.
 *
 * @param named path relative to `base`
 * @param base folder that the configuration counts from, relative to the target: `.` for its own
 */
export function isPlacedAt(
  member: TracedMember,
  named: string,
  { context, project, base = '.' }: { context: TraceContext; project: ProjectConfiguration; base?: string }
): boolean {
  const wanted = posix.join(context.folder, base, named)
  if (wanted.startsWith('../') || posix.isAbsolute(named)) return false
  if (context.artifact.kind === 'sdist') return context.folder + member.inner === wanted
  const installed = installPath(member.inner)
  if (wanted === installed || wanted.endsWith(`/${installed}`)) return true
  return packageFolders(project).some(([name, folder]) => {
    const source = posix.join(context.folder, folder)
    const target = name === '' ? '' : `${name.replaceAll('.', '/')}/`
    return wanted.startsWith(`${source}/`) && installed === target + wanted.slice(source.length + 1)
  })
}

/** `package_dir` of setuptools: packages by the folder that they lie in. */
function packageFolders({ pyproject, setupCfg }: ProjectConfiguration): [string, string][] {
  const options = setupCfg.get('options')
  return [
    ...textEntries(at(pyproject, 'tool.setuptools.package-dir')),
    ...dictOf(options?.get('package_dir') ?? options?.get('package-dir') ?? '')
  ]
}
