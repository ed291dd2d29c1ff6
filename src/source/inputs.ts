import type { DeclaredGenerator, DeclaredInput } from '../documents/config.ts'
import { globMatcher } from './glob.ts'
import {
  moduleFiles,
  namedByPyproject,
  namedBySetupCfg,
  namedBySetupScript,
  type NamedByMetadata
} from './metadata-names.ts'
import { classify, contentReason, folderReason, proseReason, type OpaqueReason } from './opaque.ts'
import type { TreeEntry } from './tree.ts'

/** What becomes of a file in world b. */
export interface Decision {
  /**
   * `leave`: it is readable. `scramble`: it is opaque. `input`, `pair`: it is opaque, and the configuration declares
   * it as an input, or as read by a declared generator. `named`: it is opaque by its folder, and the metadata names it.
   * `hidden`: the metadata names it, or it is a build file, and its content is nothing that can be read.
   */
  fate: 'leave' | 'scramble' | 'input' | 'pair' | 'named' | 'hidden'
  reason: OpaqueReason | null
}

/** Decides for each file of the tree whether world b sees it scrambled. */
export interface ScrambleChoice {
  /** `bytes` is the whole file. */
  decide(path: string, bytes: Buffer): Decision
  /** The same for a file that is too large to be held, or read by anyone. */
  decideLarge(path: string): Decision
  /** The reason to replace the text of a link, or undefined to leave it. */
  linkReason(path: string, text: Buffer): OpaqueReason | undefined
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

/** What the configuration says of files that world b sees as they are. */
export interface Declarations {
  inputs: readonly DeclaredInput[]
  generated: readonly DeclaredGenerator[]
}

/**
 * Reads the static metadata of each target, and what it names is left as it is: a readme below `docs/`, the
 * module that holds the version, licence texts. The folder alone is excused so. What cannot be read by its content is
 * scrambled where it is binary; encoded or dense text cannot be scrambled without breaking the build that must read
 * it, so it is told as `hidden`, unless the configuration declares it.
 *
 * @param targets folders of the targets
 * @param declarations globs relative to the top of the tree
 * @param read content of a tracked file
 */
export async function chooseScrambled(
  entries: readonly TreeEntry[],
  targets: readonly string[],
  declarations: Declarations,
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
    const inside = [...files.keys()].filter((path) => path.startsWith(folder))
    const paths = inside.map((path) => path.slice(folder.length))
    names.push(
      targetNames(folder, [
        namedByPyproject(await text('pyproject.toml')),
        namedBySetupCfg(await text('setup.cfg')),
        { files: namedBySetupScript(await text('setup.py'), paths), modules: [] }
      ])
    )
  }
  // The innermost target comes first.
  names.sort((a, b) => b.folder.length - a.folder.length)
  const isInput = globMatcher(declarations.inputs.map((input) => input.path))
  const isPair = globMatcher(declarations.generated.flatMap((pair) => pair.from))
  const place = (path: string): TargetNames | undefined =>
    names.find((target) => path.startsWith(target.folder))
  const relative = (path: string): string => path.slice(place(path)?.folder.length ?? 0)
  const decided = (path: string, reason: OpaqueReason): Decision => {
    if (isInput(path)) return { fate: 'input', reason }
    return { fate: isPair(path) ? 'pair' : 'scramble', reason }
  }
  return {
    relative,
    decideLarge: (path) => decided(path, folderReason(relative(path)) ?? 'dense'),
    linkReason(path, text) {
      if (isInput(path) || isPair(path)) return undefined
      return contentReason(path, text) ?? folderReason(relative(path))
    },
    decide(path, bytes) {
      const inside = relative(path)
      const target = place(path)
      const reason = classify(inside, bytes)
      if (reason === undefined) return { fate: 'leave', reason: null }
      const excused = target !== undefined && (buildFile.test(inside) || target.named.has(inside))
      if (!excused || isInput(path) || isPair(path)) return decided(path, reason)
      const content = isProse(inside) ? proseReason(bytes) : contentReason(inside, bytes)
      if (content === undefined) return { fate: 'named', reason }
      return { fate: content === 'binary' ? 'scramble' : 'hidden', reason: content }
    }
  }
}

/** Texts for people: their links, badges and tables are long without hiding anything. */
function isProse(path: string): boolean {
  const name = path.slice(path.lastIndexOf('/') + 1)
  return (
    /\.(md|markdown|rst|txt|adoc)$/i.test(name) ||
    /^(readme|licen[cs]e|copying|notice|authors|change(s|log)|news|history)([._-][^.]*)?$/i.test(name)
  )
}

function targetNames(folder: string, all: readonly NamedByMetadata[]): TargetNames {
  const files = all.flatMap((named) => named.files).map((name) => name.replace(/^(\.\/)+/, ''))
  const modules = all.flatMap((named) => named.modules).flatMap(moduleFiles)
  return { folder, named: new Set([...files, ...modules.map((name) => name.replace(/^(\.\/)+/, ''))]) }
}
