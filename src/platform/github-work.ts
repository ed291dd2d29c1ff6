import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'

/** Under this name the main part of a step tells its post part which folder to remove. */
export const workState = 'work'
const prefix = 'tagproof-'

/** Makes the folder that this process and its children use for temporary files, below the runner's own. */
export function makeWorkFolder(environment: NodeJS.ProcessEnv): Promise<string> {
  return mkdtemp(path.join(runnerTemp(environment), prefix))
}

/**
 * Post part of a step, when the job ends: removes what the main part could not because it was killed.
 * Removes nothing but a folder that {@link makeWorkFolder} could have made, whatever the variable says.
 */
export async function post(environment: NodeJS.ProcessEnv = process.env): Promise<void> {
  const work = environment[`STATE_${workState}`] ?? ''
  if (path.dirname(work) !== runnerTemp(environment) || !path.basename(work).startsWith(prefix)) return
  await rm(work, { recursive: true, force: true, maxRetries: 3 })
}

function runnerTemp(environment: NodeJS.ProcessEnv): string {
  return path.resolve(environment.RUNNER_TEMP ?? os.tmpdir())
}
