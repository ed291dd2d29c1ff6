import type { VenvSettings } from '../../../documents/target-settings.ts'
import { environmentSettings, interpreterLinks } from '../../python/install.ts'
import {
  changelogText,
  commandLinks,
  controlText,
  dependsOf,
  documentationFolder,
  maintainerScript,
  scriptNames,
  servicePath,
  type ScriptName,
  type VenvFacts,
  type VenvMeasures
} from './generated.ts'

/** What must stand at a path of the package, as far as settings and facts say it. */
export type ExpectedFile =
  /** These bytes; `gzip` where they are packed with `gzip -9n`. */
  | { kind: 'text'; by: string; text: string; packed: 'gzip' | null }
  /** A link with this text. */
  | { kind: 'link'; by: string; target: string }
  /** A file of the tree, or what is below a folder of it. */
  | { kind: 'tree'; by: string; from: string }

/**
 * Every file of a venv deb that is neither a file of a wheel (`installedMembers`), nor bytecode, nor in DEBIAN made of
 * the files themselves (md5sums, conffiles; control: {@link controlFits}). Pure.
 *
 * @param scripts texts of the maintainer scripts in the tree
 * @returns by path in the package: `DEBIAN/NAME`, others without a leading slash
 */
export function expectedVenvFiles(
  settings: VenvSettings,
  facts: VenvFacts,
  scripts: Readonly<Partial<Record<ScriptName, string>>>
): Map<string, ExpectedFile> {
  const files = new Map<string, ExpectedFile>()
  const prefix = settings.prefix.slice(1)
  const text = (path: string, by: string, content: string, packed: 'gzip' | null = null): void => {
    files.set(path, { kind: 'text', by, text: content, packed })
  }
  for (const name of scriptNames) {
    const script = maintainerScript(name, settings, scripts[name] ?? null)
    if (script !== null) text(`DEBIAN/${name}`, 'maintainer-script', script)
  }
  text(`${prefix}/pyvenv.cfg`, 'pyvenv-cfg', environmentSettings(facts.minor))
  for (const [name, target] of Object.entries(interpreterLinks(facts.minor)))
    files.set(`${prefix}/bin/${name}`, { kind: 'link', by: 'venv-link', target })
  for (const [path, target] of Object.entries(commandLinks(settings)))
    files.set(path, { kind: 'link', by: 'command-link', target })
  for (const { from, to } of settings.files) files.set(to.slice(1), { kind: 'tree', by: 'venv.files', from })
  for (const from of settings.services)
    files.set(servicePath(from), { kind: 'tree', by: 'venv.services', from })
  const changelog = `${documentationFolder(settings)}/changelog.Debian.gz`
  text(changelog, 'venv-changelog', changelogText(settings, facts), 'gzip')
  return files
}

/** One relation as dpkg-shlibdeps writes it. */
const library = /^[a-z0-9][a-z0-9+.-]+(:any)?( \((>=|=|<<|>>|<=) [A-Za-z0-9.+~:-]+\))?$/

/**
 * Whether `DEBIAN/control` is the one that the settings give, whatever its size and shared libraries are; these are
 * returned. Null where any other byte differs. Pure.
 */
export function controlFits(text: string, settings: VenvSettings, facts: VenvFacts): VenvMeasures | null {
  const installedSize = /^Installed-Size: ([0-9]{1,12})$/m.exec(text)?.[1]
  const depends = /^Depends: (.*)$/m.exec(text)?.[1]?.split(', ')
  if (installedSize === undefined || depends === undefined) return null
  const plain = dependsOf(settings, facts.minor, '').length
  // Behind the two relations to Python stand those that dpkg-shlibdeps found.
  const found = depends.slice(2, 2 + Math.max(0, depends.length - plain))
  if (!found.flatMap((each) => each.split(' | ')).every((each) => library.test(each))) return null
  const measures = { libraries: found.join(', '), installedSize }
  return controlText(settings, facts, measures) === text ? measures : null
}
