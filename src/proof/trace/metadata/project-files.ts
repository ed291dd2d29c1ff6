import type { TraceContext } from '../generator.ts'

/** The files of the project in the tagged tree; paths are relative to the project. */
export interface ProjectFiles {
  /** Text of a file; undefined where there is none, or it is no UTF-8. */
  text(path: string): Promise<string | undefined>
  has(path: string): boolean
}

export function projectFiles({ tree, folder }: Pick<TraceContext, 'tree' | 'folder'>): ProjectFiles {
  const inTree = (path: string): string => folder + path.replace(/^(\.\/)+/, '')
  return {
    has: (path) => tree.has(inTree(path)),
    async text(path) {
      if (!tree.has(inTree(path))) return undefined
      const bytes = await tree.read(inTree(path))
      try {
        return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
      } catch {
        // Says nothing that can be compared.
        return undefined
      }
    }
  }
}

/** Type of a readme by its file name (PEP 621). */
export function readmeTypeOf(path: string): string {
  if (/\.md$/i.test(path)) return 'text/markdown'
  return /\.rst$/i.test(path) ? 'text/x-rst' : 'text/plain'
}

/**
 * A string that a module assigns to a name at its top level, as setuptools' `attr:`, flit and hatch read it.
 *
 * @param place `package.module.name`, or a path
 * @param folders where packages lie, relative to the project
 */
export async function assignedText(
  files: ProjectFiles,
  place: string,
  folders: readonly string[]
): Promise<string | undefined> {
  const parts = place.split('.')
  const name = parts.pop() ?? ''
  const module = parts.join('/')
  const stems = [...folders, '', 'src'].map((folder) =>
    [folder, module].filter((part) => part !== '').join('/')
  )
  for (const path of stems.flatMap((stem) => [`${stem}.py`, `${stem}/__init__.py`])) {
    const value = assignmentIn((await files.text(path)) ?? '', name)
    if (value !== undefined) return value
  }
  return undefined
}

export function assignmentIn(text: string, name: string): string | undefined {
  if (!/^\w+$/.test(name)) return undefined
  const assignment = new RegExp(`^${name}[ \\t]*(?::[ \\t]*[\\w.]+[ \\t]*)?=[ \\t]*(["'])([^"'\\n]*)\\1`, 'm')
  return assignment.exec(text)?.[2]
}
