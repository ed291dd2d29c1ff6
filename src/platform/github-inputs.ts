import { worlds, type World } from '../documents/identifiers.ts'
import { TagproofError } from './errors.ts'
import { credentialNames, type CredentialName } from './secrets.ts'

/** The stages that the engine runs; `release` is the composite's name for several of them in a row. */
export const actionStages = ['rehearse', 'plan', 'build', 'prove', 'publish'] as const
export type ActionStage = (typeof actionStages)[number]

interface InputRule {
  /** The stages whose step is given this input. */
  stages: readonly ActionStage[]
  /** A credential: masked, removed from the environment once read, refused in any other stage. */
  secret: boolean
}

const toBuild: readonly ActionStage[] = ['rehearse', 'plan', 'build']
const credential: InputRule = { stages: ['publish'], secret: true }

/** Which input reaches which stage. `action.yml` is checked against this table. */
export const inputRules = {
  stage: { stages: actionStages, secret: false },
  tag: { stages: actionStages, secret: false },
  target: { stages: toBuild, secret: false },
  config: { stages: toBuild, secret: false },
  out: { stages: actionStages, secret: false },
  world: { stages: ['build'], secret: false },
  needs: { stages: ['build', 'prove', 'publish'], secret: false },
  handover: { stages: ['plan', 'build', 'prove', 'publish'], secret: false },
  complete: { stages: ['rehearse', 'build'], secret: false },
  adopt: { stages: ['rehearse', 'prove'], secret: false },
  'single-job': { stages: ['build', 'prove'], secret: false },
  'read-token': { stages: ['plan', 'publish'], secret: true },
  'pypi-token': credential,
  'registry-username': credential,
  'registry-password': credential,
  'apt-signing-key': credential,
  's3-access-key-id': credential,
  's3-secret-access-key': credential,
  'github-token': credential
} as const satisfies Record<string, InputRule>

export type InputName = keyof typeof inputRules

/** The `needs` context of a job: `${{ toJSON(needs) }}`. */
export type Needs = Readonly<Record<string, { result: string; outputs: Readonly<Record<string, string>> }>>

export type HandoverWay = { by: 'artifacts' } | { by: 'folder'; folder: string } | { by: 'none' }

/** Default of each credential in `action.yml`: what is empty instead was given, and holds nothing. */
const notGiven = 'unset'

/** Everything that a stage is told by the workflow. */
export interface ActionInputs {
  stage: ActionStage
  /** Undefined: the tag at HEAD. */
  tag: string | undefined
  targets: string[]
  /** A file from outside the tag. */
  config: string | undefined
  out: string
  worlds: readonly World[]
  /** Result and outputs of each earlier job, by its id. */
  needs: Needs
  /** How stages in jobs of their own hand on: the artifacts of the run, a folder, or not at all. */
  handover: HandoverWay
  /** Build the last release and a full clone too, to compare what is shipped. */
  complete: boolean
  /** Folders with wheels that other jobs built, relative to the workspace; one for each set. */
  adopt: readonly string[]
  singleJob: boolean
  /** Reads the tag of a private repository, and may do no more. */
  readToken: string | undefined
  /** Credentials by the name of their input, which destinations take; only those that are not empty. */
  credentials: ReadonlyMap<CredentialName, string>
}

/**
 * Reads the inputs of a step from its environment, once, and removes the credentials from it.
 *
 * @param environment `process.env`: `INPUT_<NAME>` per input, upper case, hyphens kept (runner, Handler.cs)
 * @param onSecret called with each credential before anything else can go wrong, to mask it
 * @throws TagproofError `usage` naming the input, what was found and what is allowed;
 *   `single-job` for `release` without consent; `secret-empty` for a credential that was given and holds nothing
 */
export function readInputs(
  environment: NodeJS.ProcessEnv,
  onSecret: (value: string) => void = () => undefined
): ActionInputs {
  const { credentials, empty } = takeCredentials(environment, onSecret)
  const read = (name: InputName): string => (environment[variableOf(name)] ?? '').trim()
  const singleJob = readBoolean('single-job', read('single-job'))
  const stage = readStage(read('stage'), singleJob)
  for (const name of credentials.keys())
    if (!inputRules[name].stages.some((allowed) => allowed === stage))
      throw new TagproofError('usage', `The credential ${name} was handed to the stage ${stage}.`, {
        expected: 'credentials in the stage publish alone',
        fix: `Remove ${name} from the step that runs ${stage}.`
      })
  // The runner gives the empty text to the engine for what a stage is not handed; publish is handed all of them.
  const readToken = credentials.get('read-token')
  if (stage === 'publish' && empty.some((name) => name !== 'read-token'))
    throw new TagproofError('secret-empty', `The credential ${empty.join(', ')} is empty.`, {
      found: 'nothing, or blanks',
      expected: 'a value, or no such input',
      fix: 'Set the secret where this job may read it (in its environment), or remove the input from the step.'
    })
  return {
    stage,
    tag: read('tag') || runTag(environment),
    targets: read('target')
      .split(/[\s,]+/)
      .filter((name) => name !== ''),
    config: read('config') || undefined,
    out: read('out') || 'tagproof-out',
    worlds: readWorlds(read('world')),
    needs: readNeeds(read('needs')),
    handover: readHandover(read('handover')),
    complete: readBoolean('complete', read('complete')),
    adopt: readLines(read('adopt')),
    singleJob,
    readToken,
    credentials: new Map(
      credentialNames.flatMap((name): [CredentialName, string][] => {
        const value = credentials.get(name)
        return value === undefined ? [] : [[name, value]]
      })
    )
  }
}

/** One a line: a path may hold blanks. */
function readLines(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
}

/** The variable that the runner sets for an input. */
export function variableOf(name: InputName): string {
  return `INPUT_${name.toUpperCase()}`
}

function takeCredentials(
  environment: NodeJS.ProcessEnv,
  onSecret: (value: string) => void
): { credentials: Map<InputName, string>; empty: InputName[] } {
  const credentials = new Map<InputName, string>()
  const empty: InputName[] = []
  for (const name of Object.keys(inputRules) as InputName[]) {
    if (!inputRules[name].secret) continue
    const value = environment[variableOf(name)] ?? notGiven
    Reflect.deleteProperty(environment, variableOf(name))
    if (value === notGiven) continue
    if (value.trim() === '') {
      empty.push(name)
      continue
    }
    onSecret(value)
    credentials.set(name, value)
  }
  return { credentials, empty }
}

function readStage(text: string, singleJob: boolean): ActionStage {
  const stage = actionStages.find((candidate) => candidate === text)
  if (stage !== undefined) return stage
  if (text === 'release' && !singleJob)
    throw new TagproofError('single-job', 'The stage release builds and publishes in one job.', {
      expected: 'build, prove and publish in jobs of their own, so that no build runs beside a credential',
      fix: 'Use one job per stage (docs/action.md), or set single-job: true to accept the weaker separation.'
    })
  throw new TagproofError('usage', `There is no stage ${JSON.stringify(text)}.`, {
    found: `stage: ${text}`,
    expected: `${actionStages.join(', ')} or release`,
    fix: 'Correct the input stage of the step.'
  })
}

/** The three spellings of each truth value in YAML 1.2, as `@actions/core` takes them. */
function readBoolean(name: InputName, text: string): boolean {
  if (['true', 'True', 'TRUE'].includes(text)) return true
  if (['', 'false', 'False', 'FALSE'].includes(text)) return false
  throw new TagproofError('usage', `The input ${name} is neither true nor false.`, {
    found: `${name}: ${text}`,
    expected: 'true or false',
    fix: `Correct the input ${name} of the step.`
  })
}

function readWorlds(text: string): readonly World[] {
  if (text === '') return worlds
  const world = worlds.find((candidate) => candidate === text)
  if (world !== undefined) return [world]
  throw new TagproofError('usage', `There is no world ${JSON.stringify(text)}.`, {
    found: `world: ${text}`,
    expected: 'a or b, or nothing for both',
    fix: 'Correct the input world of the step.'
  })
}

/** `${{ toJSON(needs) }}`: an object of jobs, each with its `result` and `outputs`. */
function readNeeds(text: string): Needs {
  if (text === '') return {}
  const jobs = parseObject(text)
  const needs: Record<string, Needs[string]> = {}
  for (const [job, value] of Object.entries(jobs ?? {})) {
    const { result, outputs } = isObject(value) ? value : {}
    if (typeof result !== 'string') continue
    const texts = Object.entries(isObject(outputs) ? outputs : {}).filter(
      (entry): entry is [string, string] => typeof entry[1] === 'string'
    )
    needs[job] = { result, outputs: Object.fromEntries(texts) }
  }
  if (jobs !== null && Object.keys(jobs).length === Object.keys(needs).length) return needs
  throw new TagproofError('usage', 'The input needs does not hold the results of jobs.', {
    found: text.slice(0, 80),
    expected: '${{ toJSON(needs) }}',
    fix: 'Correct the input needs of the step.'
  })
}

/** `artifacts`, `none`, or what is clearly a path. */
function readHandover(text: string): HandoverWay {
  if (text === '' || text === 'none') return { by: 'none' }
  if (text === 'artifacts') return { by: 'artifacts' }
  if (text.includes('/')) return { by: 'folder', folder: text }
  throw new TagproofError('usage', `There is no way ${JSON.stringify(text)} to hand over.`, {
    found: `handover: ${text}`,
    expected: 'artifacts, none, or the path of a folder with a / in it',
    fix: 'Correct the input handover of the step.'
  })
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function parseObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : null
  } catch {
    return null
  }
}

function runTag(environment: NodeJS.ProcessEnv): string | undefined {
  return environment.GITHUB_REF_TYPE === 'tag' ? environment.GITHUB_REF_NAME : undefined
}
