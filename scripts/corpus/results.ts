import { appendFile, readFile } from 'node:fs/promises'
import type { Outcome } from './run.ts'

/** One line of the results. */
export type Result = Outcome & {
  name: string
  file: string
  backend: string
  /** How many files of the sdist were left out of the repository, by rule. */
  left: Record<string, number>
}

/** The results, the newest of each project, in the order in which they came. */
export async function readResults(file: string): Promise<Map<string, Result>> {
  const text = await readFile(file, 'utf8').catch(() => '')
  const found = new Map<string, Result>()
  for (const line of text.split('\n'))
    if (line !== '') {
      const result = JSON.parse(line) as Result
      found.set(result.name, result)
    }
  return found
}

export function addResult(file: string, result: Result): Promise<void> {
  return appendFile(file, `${JSON.stringify(result)}\n`)
}
