import { realpathSync } from 'node:fs'
import path from 'node:path'

/** A program that lies beside the one that runs: in `dist/`, wherever a link to it was called from. */
export function ownProgram(name: string): string {
  const started = process.argv[1] ?? ''
  try {
    return path.join(path.dirname(realpathSync(started)), name)
  } catch {
    return path.join(path.dirname(started), name)
  }
}
