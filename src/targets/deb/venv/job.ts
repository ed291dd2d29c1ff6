import path from 'node:path'
import type { VenvSettings } from '../../../documents/target-settings.ts'
import { sitePackages } from '../../python/install.ts'
import {
  changelogText,
  commandLinks,
  controlText,
  documentationFolder,
  licenceNames,
  maintainerScript,
  scriptNames,
  servicePath,
  type ScriptName,
  type VenvFacts
} from './generated.ts'

/** What `assemble.py` is told; its keys are the ones that it reads. */
export interface AssembleJob {
  /** File name of the deb. */
  name: string
  package: string
  architecture: string
  prefix: string
  /** Folder of the packages below `prefix`. */
  site: string
  /** Normalised name of the project whose wheel it is. */
  project: string
  extras: readonly string[]
  /** Modules below `site` that are not compiled. */
  uncompiled: readonly string[]
  /** Files and folders of the tree, with the setting that names them. */
  files: readonly { from: string; to: string; mode: string | null; setting: string }[]
  /** Text of each link by its path. */
  links: Readonly<Record<string, string>>
  conffiles: readonly string[]
  documentation: string
  changelog: string
  licence_folders: readonly string[]
  licence_names: readonly string[]
  /** With marks where only the files of the package can tell. */
  control: string
  size_mark: string
  libraries_mark: string
  scripts: Readonly<Partial<Record<ScriptName, string>>>
}

/** What the world that puts the package together is told. Pure. */
export function assembleJob(
  settings: VenvSettings,
  facts: VenvFacts,
  given: {
    name: string
    project: string
    /** Texts of the maintainer scripts of the tree. */
    scripts: Readonly<Partial<Record<ScriptName, string>>>
    /** Folder of the target, whose licence is looked for first. */
    folder: string
    scrambledPaths: readonly string[]
  }
): AssembleJob {
  const marks = { installedSize: '${Installed-Size}', libraries: '${shlibs:Depends}' }
  const scripts = scriptNames.flatMap((name): [ScriptName, string][] => {
    const text = maintainerScript(name, settings, given.scripts[name] ?? null)
    return text === null ? [] : [[name, text]]
  })
  return {
    name: given.name,
    package: settings.package,
    architecture: facts.architecture,
    prefix: settings.prefix,
    site: sitePackages(facts.minor),
    project: given.project,
    extras: settings.extras,
    uncompiled: uncompiled(given.scrambledPaths),
    files: [
      ...settings.files.map(({ from, to, mode = null }) => ({ from, to, mode, setting: 'venv.files' })),
      ...settings.services.map((from) => ({
        from,
        to: `/${servicePath(from)}`,
        mode: '644',
        setting: 'venv.services'
      }))
    ],
    links: commandLinks(settings),
    conffiles: settings.conffiles,
    documentation: documentationFolder(settings),
    changelog: changelogText(settings, facts),
    licence_folders: [...new Set([path.posix.normalize(given.folder), '.'])],
    licence_names: licenceNames,
    control: controlText(settings, facts, marks),
    size_mark: marks.installedSize,
    libraries_mark: marks.libraries,
    scripts: Object.fromEntries(scripts)
  }
}

/**
 * World b sees noise in their place, which gives no bytecode, or other: they stay uncompiled in both worlds. A module of
 * the wheel is known by its path, which that of the tree ends with (`src/pkg/tests/test_x.py`).
 */
function uncompiled(scrambledPaths: readonly string[]): string[] {
  const ends = scrambledPaths
    .filter((name) => name.endsWith('.py'))
    .flatMap((name) => {
      const parts = name.split('/')
      return parts.map((_, at) => parts.slice(at).join('/'))
    })
  return [...new Set(ends)].sort()
}
