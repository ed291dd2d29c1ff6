import { mkdir, readFile, rm } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import type { Limits } from '../../documents/config.ts'
import { mostMetadataFiles } from '../../documents/build.ts'
import { fileNameField, type VariationName } from '../../documents/fields.ts'
import type { Epoch, World } from '../../documents/identifiers.ts'
import type { PlanTarget } from '../../documents/plan.ts'
import { TagproofError } from '../../platform/errors.ts'
import { withTemporaryFolder, writeFileAtomic } from '../../platform/files.ts'
import type { PreparedRoot } from '../../worlds/root.ts'
import { runInWorld, type WorldRequest, type WorldResult } from '../../worlds/run.ts'
import { environmentPath } from './environment.ts'
import { driverError } from './failures.ts'
import driverText from './driver.py'

/** Where the driver is seen in both worlds. */
const driverPath = '/opt/build-driver'
/** Where the sdist of a build requirement is seen. */
const sdistPath = '/opt/build-requirement/sdist.tar.gz'

export interface DriverRequest {
  target: PlanTarget
  world: World
  /** Committer time of the tag's commit. */
  epoch: Epoch
  /** The world's export; null where an sdist is built. */
  exportTar: string | null
  /** The sdist of a build requirement, to be built in place of an export: its wheel alone is made. */
  sdist?: string
  root: PreparedRoot
  /** Folder made by installEnvironment. */
  environment: string
  limits: Limits
  /** Receives what the driver leaves. */
  folder: string
  off?: readonly VariationName[]
  /** Leave the build folder behind too, as `tree.tar`. */
  keep?: boolean
  onLine?: (line: string) => void
  /** Told what the world came to, before an error is made of it. */
  onWorld?: (world: WorldResult) => void
  signal?: AbortSignal
}

const resultField = z.strictObject({
  requires: z.array(z.string().max(500)).max(1000),
  /** What each hook asks for, where that was the question. */
  hooks: z.record(z.string().max(100), z.array(z.string().max(500)).max(1000)).optional(),
  sdist: z.string().optional(),
  wheel: z.string().optional(),
  /** Files in `metadata/`: what the backend prepared in a run of its own; left out where it has no hook for that. */
  metadata: z.array(fileNameField).max(mostMetadataFiles).optional()
})
export type DriverResult = z.output<typeof resultField>

/** Written by code that runs beside the project's, so it is checked like any foreign document. */
const resultName = 'result.json'
const largestResult = 1024 * 1024

/**
 * Runs the driver in a world: the whole build, or only the question what the backend requires.
 *
 * @throws TagproofError `build-failed`, `build-timeout`, `build-memory`, `build-processes` or `build-disk` with the
 *   last lines of output; `lock-incomplete` if the environment lacks a requirement
 */
export async function runDriver(
  task: 'build' | 'requires',
  request: DriverRequest
): Promise<{ result: DriverResult; world: WorldResult }> {
  const world = await inWorld(request, (python) => [
    python,
    `${driverPath}/driver.py`,
    JSON.stringify({
      do: task,
      path: request.target.path,
      sdist: request.sdist === undefined ? null : sdistPath,
      keep: request.keep ?? false,
      reverse: request.world === 'b' && request.off?.includes('directory-order') !== true
    })
  ])
  request.onWorld?.(world)
  if (world.code !== 0) throw driverError(request, world)
  return { result: await readResult(request.folder), world }
}

/** A shell in the world of a target, with its build environment. Returns the shell's exit status. */
export async function shellInWorld(request: DriverRequest): Promise<number> {
  const world = await inWorld(request, () => ['/bin/bash'], { interactive: true })
  return world.code ?? 1
}

async function inWorld(
  request: DriverRequest,
  command: (python: string) => string[],
  more: Partial<WorldRequest> = {}
): Promise<WorldResult> {
  return withTemporaryFolder('tagproof-driver', async (folder) => {
    const driver = path.join(folder, 'driver')
    await mkdir(driver, { mode: 0o755 })
    await writeFileAtomic(path.join(driver, 'driver.py'), driverText)
    return runInWorld({
      world: request.world,
      root: request.root,
      exportTar: request.exportTar,
      binds: [
        { source: request.environment, destination: environmentPath },
        { source: driver, destination: driverPath },
        ...(request.sdist === undefined ? [] : [{ source: request.sdist, destination: sdistPath }])
      ],
      command: command(`${environmentPath}/bin/python`),
      environment: {
        PATH: `${environmentPath}/bin:/usr/local/bin:/usr/bin:/bin`,
        SOURCE_DATE_EPOCH: String(request.epoch),
        PYTHONDONTWRITEBYTECODE: '1',
        PYTHONUNBUFFERED: '1'
      },
      limits: request.limits,
      network: 'none',
      outputs: request.folder,
      off: request.off ?? [],
      ...(request.onLine === undefined ? {} : { onLine: request.onLine }),
      ...(request.signal === undefined ? {} : { signal: request.signal }),
      ...more
    })
  })
}

async function readResult(folder: string): Promise<DriverResult> {
  const file = path.join(folder, resultName)
  const bytes = await readFile(file).catch(() => Buffer.alloc(0))
  await rm(file, { force: true })
  try {
    if (bytes.length > largestResult) throw new RangeError('too large')
    return resultField.parse(JSON.parse(bytes.toString('utf8')))
  } catch (error) {
    throw new TagproofError('build-output', 'The build left no usable account of itself.', {
      where: resultName,
      fix: 'The project wrote into the output folder by itself; let its build write artifacts only.',
      cause: error
    })
  }
}
