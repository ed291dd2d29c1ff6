import { randomBytes } from 'node:crypto'
import { readFile, rm, stat, readdir } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import { TagproofError } from '../platform/errors.ts'
import { machineFacts } from '../worlds/facts.ts'
import type { Bind } from '../worlds/sandbox.ts'
import { variationsFor } from '../worlds/variations.ts'
import type { ImageBuildRequest, ImageBuildResult, StepRecord } from './builder.ts'
import { runBuilder } from './enclosure.ts'
import runtimeProgram from './runtime.py'
import {
  canaryFolder,
  folderPlace,
  imagePlace,
  ownFolder,
  runtimeSettings,
  settingFiles,
  stepVariations
} from './settings.ts'
import { findProgram } from './tool.ts'

/** What is particular to one builder. */
export interface BuilderRun {
  script: string
  /** Arguments of the script behind HOME. `tree` is where the export lies. */
  arguments(tree: string): string[]
  /** Its own programs; folders and images of the request are there for every builder. */
  binds: readonly Bind[]
}

/** Files that the script leaves beside `image.tar`, by name. */
type Told = ReadonlyMap<string, string>

/** Largest of the small files that a builder tells us things in. */
const mostToldBytes = 4 * 1024 * 1024

const stepSchema = z.object({ variations: z.record(z.string(), z.string().max(400)) })

/**
 * Runs one build with a builder's own script, in the conditions of its world.
 *
 * @throws TagproofError `sandbox-unavailable`, `cancelled`, `tool-missing`; `internal` where the canary is not the one that
 *   was laid out: a builder that knows files of another build proves nothing
 */
export async function buildInEnclosure(
  request: ImageBuildRequest,
  run: BuilderRun
): Promise<ImageBuildResult> {
  const canary = randomBytes(32).toString('hex')
  const machine = await machineFacts()
  const facts = {
    clockLibrary: request.clockLibrary === null ? null : `${ownFolder}/clock.so`,
    // Whether an image has these is seen when its steps run.
    estonian: true,
    timeZones: false
  }
  const conditions = variationsFor(request.world, machine, facts, { off: request.off, exported: true })
  const settings = runtimeSettings(conditions, await runtimeProgramPath())
  const clock =
    request.clockLibrary === null
      ? []
      : [{ source: path.resolve(request.clockLibrary), destination: `${ownFolder}/clock.so` }]
  const result = await runBuilder({
    world: request.world,
    ...(request.id === undefined ? {} : { id: request.id }),
    conditions,
    machine,
    limits: request.limits,
    exportTar: request.exportTar,
    bytes: await unpackedBytes(request),
    binds: [...run.binds, ...placesOf(request), ...clock],
    files: settingFiles(conditions, settings, runtimeProgram).set(`${canaryFolder.slice(1)}/canary`, canary),
    script: run.script,
    arguments: [conditions.home, ...run.arguments(conditions.buildPath)],
    outputs: request.outputs,
    ...(request.onLine === undefined ? {} : { onLine: request.onLine }),
    ...(request.signal === undefined ? {} : { signal: request.signal })
  })
  const told = await takeTold(request.outputs, result.files)
  // A build that failed tells nothing; then what was meant to be in force stands.
  const steps = result.code === 0 ? stepsOf(told.get('steps') ?? '') : null
  const file = result.files.includes('image.tar') ? path.join(request.outputs, 'image.tar') : null
  const image = result.code === 0 ? file : null
  checkCanary(request, canary, told.get('canary'), image)
  return {
    code: result.code,
    contained: result.contained,
    output: result.output,
    image,
    variations: stepVariations(conditions.records, steps),
    steps: steps?.length ?? 0
  }
}

function placesOf({ folders, images }: ImageBuildRequest): Bind[] {
  const bind =
    (place: (at: number) => string) =>
    ({ folder }: { folder: string }, at: number): Bind => ({
      source: path.resolve(folder),
      destination: place(at)
    })
  return [...folders.map(bind(folderPlace)), ...images.map(bind(imagePlace))]
}

/** Before the canary was told, nothing was built. */
function checkCanary(
  { world }: ImageBuildRequest,
  expected: string,
  found: string | undefined,
  image: string | null
): void {
  if (found === undefined && image !== null)
    throw new TagproofError('internal', 'The image builder did not tell what its context holds.')
  if (found === undefined || found === expected) return
  throw new TagproofError('internal', `The image builder of world ${world} saw another build's files.`, {
    found: found.slice(0, 64),
    expected
  })
}

async function runtimeProgramPath(): Promise<string> {
  const runtime = await findProgram('runc')
  if (runtime !== undefined) return runtime
  throw new TagproofError('tool-missing', 'The program runc is not installed.', {
    fix: 'Install it: on Debian and Ubuntu, sudo apt-get install runc.'
  })
}

/** Reads the small files and removes them, so that `image.tar` alone stays. */
async function takeTold(folder: string, files: readonly string[]): Promise<Told> {
  const told = new Map<string, string>()
  for (const name of files) {
    if (name === 'image.tar') continue
    const file = path.join(folder, name)
    if ((await stat(file)).size <= mostToldBytes) told.set(name, (await readFile(file, 'utf8')).trim())
    await rm(file, { force: true })
  }
  return told
}

function stepsOf(text: string): StepRecord[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => stepSchema.parse(JSON.parse(line)))
}

/** A packed layer is kept packed and unpacked; folders are copied once. */
async function unpackedBytes({ images, folders }: ImageBuildRequest): Promise<number> {
  const sizes = await Promise.all([
    ...images.map(async ({ folder }) => 5 * (await sizeOf(path.join(folder, 'blobs', 'sha256')))),
    ...folders.map(async ({ folder }) => 2 * (await sizeOf(folder)))
  ])
  return sizes.reduce((sum, size) => sum + size, 0)
}

async function sizeOf(folder: string): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true })
  const files = entries.filter((entry) => entry.isFile())
  const sizes = await Promise.all(
    files.map(async (entry) => (await stat(path.join(entry.parentPath, entry.name))).size)
  )
  return sizes.reduce((sum, size) => sum + size, 0)
}
