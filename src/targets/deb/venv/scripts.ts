import { createReadStream } from 'node:fs'
import type { World } from '../../../documents/identifiers.ts'
import type { VenvSettings } from '../../../documents/target-settings.ts'
import { readTar } from '../../../formats/tar/reader.ts'
import { TagproofError } from '../../../platform/errors.ts'
import { whole } from '../../../platform/pieces.ts'
import { ownScript, scriptNames, shellLine, type ScriptName } from './generated.ts'

const largestScript = 1024 * 1024

/**
 * The maintainer scripts of the tree, as a world sees them: world b may see them scrambled. What they do is judged of the
 * scripts in the package (`maintainer-script`).
 *
 * @param exportTar the world's export
 * @throws TagproofError `build-failed` for a script that is missing, or no shell script where lines of ours come first
 */
export async function treeScripts(
  settings: VenvSettings,
  exportTar: string,
  world: World
): Promise<Partial<Record<ScriptName, string>>> {
  const wanted = new Map(
    scriptNames.flatMap((name): [ScriptName, string][] => {
      const path = settings.scripts[name]
      return path === undefined ? [] : [[name, path]]
    })
  )
  if (wanted.size === 0) return {}
  const texts = await textsOf(exportTar, new Set(wanted.values()))
  const found: Partial<Record<ScriptName, string>> = {}
  for (const [name, path] of wanted) {
    const text = texts.get(path)
    if (text === undefined)
      throw refused(`venv.scripts.${name}`, `no file ${path}`, 'a file of the tree', 'Correct the path.')
    if (world === 'a') requireShell(name, path, text, settings)
    found[name] = text
  }
  return found
}

function requireShell(name: ScriptName, path: string, text: string, settings: VenvSettings): void {
  if (ownScript(name, settings) !== '' && !shellLine.test(text.split('\n', 1)[0] ?? ''))
    throw refused(
      `${path}:1`,
      text.split('\n', 1)[0] ?? '',
      '#!/bin/sh',
      'The package adds lines of its own to this script, which come first.'
    )
}

async function textsOf(exportTar: string, paths: ReadonlySet<string>): Promise<Map<string, string>> {
  const texts = new Map<string, string>()
  for await (const entry of readTar(createReadStream(exportTar))) {
    const path = entry.path.replace(/^tree\//, '')
    if (entry.kind !== 'file' || !paths.has(path) || entry.size > largestScript) continue
    texts.set(path, (await whole(entry.content)).toString('utf8'))
  }
  return texts
}

function refused(
  where: string,
  found: string,
  expected: string,
  fix: string,
  message?: string
): TagproofError {
  return new TagproofError('build-failed', message ?? 'A maintainer script cannot be used.', {
    where,
    found,
    expected,
    fix
  })
}
