import { readFile } from 'node:fs/promises'
import { sha256, type Sha256 } from '../../src/documents/identifiers.ts'

/** One line of the list: a published sdist. */
export interface Listed {
  name: string
  file: string
  size: number
  sha256: Sha256
}

/** Reads the list: project, file name, bytes and SHA-256, separated by tabs; the first line and `#` lines are no entries. */
export async function readList(file: string): Promise<Listed[]> {
  const lines = (await readFile(file, 'utf8'))
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
  return lines.slice(1).map((line) => {
    const [name = '', sdist = '', bytes = '', digest = ''] = line.split('\t')
    return { name, file: sdist, size: Number(bytes), sha256: sha256(digest) }
  })
}

/** The version in the name of an sdist (PEP 625; older names keep dashes in the project's name). */
export function versionOf(sdist: string): string {
  const version = /-(\d[^-]*)\.tar\.gz$/.exec(sdist)?.[1]
  if (version === undefined) throw new Error(`${sdist} shows no version`)
  return version
}

/** Part `3/10` of a list: every tenth entry, so that each part has easy and hard ones. */
export function partOf<T>(all: readonly T[], part: string): T[] {
  const match = /^(\d+)\/(\d+)$/.exec(part)
  const [index, count] = [Number(match?.[1]), Number(match?.[2])]
  if (match === null || index < 1 || index > count)
    throw new Error(`--part ${part}: expected N/M, such as 3/10`)
  return all.filter((_, at) => at % count === index - 1)
}
