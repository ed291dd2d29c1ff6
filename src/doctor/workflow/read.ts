import { LineCounter, parseDocument, type Document } from 'yaml'

/** A step that uses an action, or runs a command. */
export interface Step {
  path: readonly (string | number)[]
  uses: string | null
  run: string | null
  with: Readonly<Record<string, unknown>>
  continueOnError: unknown
  condition: string
  /** What it has this action do; null for any other step. */
  stage: string | null
}

export interface Job {
  id: string
  path: readonly (string | number)[]
  value: Readonly<Record<string, unknown>>
  steps: Step[]
  /** Stages of this action, in order. */
  stages: string[]
  /** Ids of the jobs that it waits for. */
  needs: string[]
  /** A reusable workflow, instead of steps. */
  uses: string | null
}

export interface ReadWorkflow {
  file: string
  text: string
  value: Readonly<Record<string, unknown>>
  jobs: Job[]
  /** `file:line` of the place, or of the nearest one above it that is there. */
  where: (path: readonly (string | number)[]) => string
}

/** Stages that run project code. */
export const buildingStages: readonly string[] = ['build', 'rehearse', 'prove', 'release']

/**
 * A workflow file as data, or what is wrong with it. Pure.
 *
 * @param isOurs whether `OWNER/NAME` is this action
 */
export function readWorkflow(
  file: string,
  text: string,
  isOurs: (repository: string) => boolean
): ReadWorkflow | { file: string; fault: string; where: string } {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, merge: false })
  const [error] = document.errors
  if (error !== undefined)
    return {
      file,
      fault: error.message.split('\n')[0] ?? 'no YAML',
      where: `${file}:${error.linePos?.[0].line ?? 1}`
    }
  const value = asRecord(toPlain(document))
  const jobs = Object.entries(asRecord(value.jobs)).map(([id, job]) => readJob(id, asRecord(job), isOurs))
  if (jobs.length === 0) return { file, fault: 'it has no jobs', where: `${file}:1` }
  return { file, text, value, jobs, where: (path) => `${file}:${lineOf(document, lines, path)}` }
}

/** A document whose aliases would grow it beyond measure has no value. */
function toPlain(document: Document): unknown {
  try {
    return document.toJS({ maxAliasCount: 50 })
  } catch {
    return null
  }
}

function readJob(id: string, value: Record<string, unknown>, isOurs: (repository: string) => boolean): Job {
  const path = ['jobs', id]
  const steps = asList(value.steps).map((step, index) =>
    readStep([...path, 'steps', index], asRecord(step), isOurs)
  )
  return {
    id,
    path,
    value,
    steps,
    stages: steps.flatMap(({ stage }) => (stage === null ? [] : [stage])),
    needs: asList(typeof value.needs === 'string' ? [value.needs] : value.needs).map(asText),
    uses: typeof value.uses === 'string' ? value.uses : null
  }
}

function readStep(
  path: readonly (string | number)[],
  value: Record<string, unknown>,
  isOurs: (repository: string) => boolean
): Step {
  const uses = typeof value.uses === 'string' ? value.uses : null
  const inputs = asRecord(value.with)
  const ours = uses !== null && isOurs(uses.replace(/@.*$/, ''))
  return {
    path,
    uses,
    run: typeof value.run === 'string' ? value.run : null,
    with: inputs,
    continueOnError: value['continue-on-error'],
    condition: asText(value.if ?? ''),
    stage: ours ? asText(inputs.stage ?? 'rehearse') : null
  }
}

function lineOf(document: Document, lines: LineCounter, path: readonly (string | number)[]): number {
  for (let length = path.length; length > 0; length -= 1) {
    const node = document.getIn(path.slice(0, length), true) as
      { range?: [number, number, number] } | undefined
    const start = node?.range?.[0]
    if (start === undefined) continue
    const parent = document.getIn(path.slice(0, length - 1), true) as
      { items?: { key?: { value?: unknown; range?: [number, number, number] } }[] } | undefined
    const key = parent?.items?.find((item) => item.key?.value === path[length - 1])?.key?.range?.[0]
    return lines.linePos(key ?? start).line
  }
  return 1
}

export function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {}
}

export function asList(value: unknown): unknown[] {
  return Array.isArray(value) ? [...(value as unknown[])] : []
}

export function asText(value: unknown): string {
  return typeof value === 'string' ? value : value === undefined ? '' : JSON.stringify(value)
}
