import { TagproofError } from '../platform/errors.ts'
import { globMatcher } from './glob.ts'
import { moduleFiles, namedByPyproject, namedBySetupCfg, type NamedByMetadata } from './metadata-names.ts'
import { classify, contentReason, type OpaqueReason } from './opaque.ts'
import type { TreeEntry } from './tree.ts'

/** Decides for each file of the tree whether world b sees it scrambled. */
export interface ScrambleChoice {
  /** The reason to scramble, or undefined to leave the file. `bytes` is the whole file. */
  reason(path: string, bytes: Buffer): OpaqueReason | undefined
  /** Whether the configuration keeps this file whatever it holds, so that it need not be looked at. */
  declared(path: string): boolean
  /** The path relative to the innermost target that holds it. */
  relative(path: string): string
}

interface TargetNames {
  folder: string
  /** Paths relative to the folder. */
  named: ReadonlySet<string>
}

/** Build files at the top of a target: the build reads them by definition. */
const buildFile =
  /^(pyproject\.toml|setup\.py|setup\.cfg|MANIFEST\.in|Dockerfile|Containerfile|Cargo\.toml|pdm\.toml|hatch\.toml)$/

/**
 * Reads the static metadata of each target, and what it names is left as it is: a readme below `docs/`, the
 * module that holds the version, licence texts. Only text is spared so; a binary file is spared by the
 * configuration's `inputs` alone.
 *
 * @param targets folders of the targets
 * @param inputs globs of the configuration, relative to the top of the tree
 * @param read content of a tracked file
 */
export async function chooseScrambled(
  entries: readonly TreeEntry[],
  targets: readonly string[],
  inputs: readonly string[],
  read: (entry: TreeEntry) => Promise<Buffer>
): Promise<ScrambleChoice> {
  const files = new Map(
    entries.filter((entry) => entry.mode !== '120000').map((entry) => [entry.path, entry])
  )
  const names: TargetNames[] = []
  for (const target of targets.length === 0 ? ['.'] : targets) {
    const folder = target === '.' ? '' : `${target}/`
    const text = async (name: string): Promise<string> => {
      const entry = files.get(folder + name)
      return entry === undefined ? '' : (await read(entry)).toString('utf8')
    }
    names.push(
      targetNames(folder, [
        namedByPyproject(await text('pyproject.toml')),
        namedBySetupCfg(await text('setup.cfg'))
      ])
    )
  }
  // The innermost target comes first.
  names.sort((a, b) => b.folder.length - a.folder.length)
  const declared = globMatcher(inputs)
  const place = (path: string): TargetNames | undefined =>
    names.find((target) => path.startsWith(target.folder))
  const relative = (path: string): string => path.slice(place(path)?.folder.length ?? 0)
  return {
    declared,
    relative,
    reason(path, bytes) {
      const inside = relative(path)
      const target = place(path)
      const spared = target !== undefined && (buildFile.test(inside) || target.named.has(inside))
      if (!spared) return classify(inside, bytes)
      return contentReason(inside, bytes) === 'binary' ? 'binary' : undefined
    }
  }
}

function targetNames(folder: string, all: readonly NamedByMetadata[]): TargetNames {
  const files = all.flatMap((named) => named.files).map((name) => name.replace(/^(\.\/)+/, ''))
  const modules = all.flatMap((named) => named.modules).flatMap(moduleFiles)
  return { folder, named: new Set([...files, ...modules.map((name) => name.replace(/^(\.\/)+/, ''))]) }
}

/** @throws TagproofError `config-invalid` for an input glob that fits no file: it would spare nothing. */
export function checkInputGlobs(entries: readonly TreeEntry[], inputs: readonly string[]): void {
  for (const glob of inputs) {
    const matches = globMatcher([glob])
    if (entries.some((entry) => matches(entry.path))) continue
    throw new TagproofError('config-invalid', `The input ${JSON.stringify(glob)} fits no file of the tree.`, {
      where: '.github/tagproof.yml: inputs',
      fix: 'Correct the glob, or remove it.'
    })
  }
}
