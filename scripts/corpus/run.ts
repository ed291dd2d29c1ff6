import { spawn } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { readFile, rm } from 'node:fs/promises'
import path from 'node:path'
import type { Finding, Proof } from '../../src/documents/proof.ts'

/** What came of one project. */
export interface Outcome {
  outcome: 'proven' | 'refused' | 'error'
  /** The code of the error, where the run did not come to a verdict. */
  error: { code: string; message: string } | null
  /** `check/code` of each refusing finding with the number of its members, the most frequent first. */
  refusals: Record<string, number>
  /** Members of all artifacts, and how many of them have an origin; null where there is no verdict. */
  members: { all: number; traced: number | null } | null
  /** Seconds of each stage, and of the whole. */
  seconds: Record<string, number>
}

/** Resolves what a project needs, with the root that its last commit holds; null where all went well. */
export async function lockTagproof(
  options: Pick<RunOptions, 'command' | 'repository' | 'out' | 'minutes'> & { lock: string }
): Promise<Outcome | null> {
  const { command, repository, out, lock, minutes } = options
  const args = [
    command,
    'lock',
    '--repository',
    repository,
    '--out',
    out,
    '--lock',
    lock,
    '--json',
    '--target',
    'python'
  ]
  const since = performance.now()
  const { stdout, stderr, timedOut, code } = await niced(args, `${out}.log`, minutes)
  if (code === 0) return null
  const whole = Math.round((performance.now() - since) / 100) / 10
  return {
    outcome: 'error',
    error: timedOut ? stopped(minutes) : errorOf(stdout, stderr),
    refusals: {},
    members: null,
    seconds: { ...stageSeconds(stderr), whole }
  }
}

function stopped(minutes: number): { code: string; message: string } {
  return { code: 'timeout', message: `stopped after ${minutes} minutes` }
}

export interface RunOptions {
  /** The bundled command. */
  command: string
  repository: string
  tag: string
  out: string
  /** A lock of an earlier run, so that nothing is resolved again. */
  lock: string | null
  stage: 'rehearse' | 'prove'
  minutes: number
}

/** Runs the command as a user would, at low priority, and reads what it leaves. Its log is kept beside `out`. */
export async function runTagproof(options: RunOptions): Promise<Outcome> {
  const { command, repository, tag, out, lock, stage, minutes } = options
  const args = [command, stage, '--repository', repository, '--out', out, '--json', '--target', 'python']
  if (stage === 'rehearse') args.push('--tag', tag, ...(lock === null ? [] : ['--lock', lock]))
  else args.push('--single-job')
  await rm(path.join(out, 'proof.json'), { force: true })
  const since = performance.now()
  const { stdout, stderr, timedOut } = await niced(args, `${out}.log`, minutes)
  const whole = (performance.now() - since) / 1000
  const seconds = { ...stageSeconds(stderr), whole: Math.round(whole * 10) / 10 }
  const proof = await readFile(path.join(out, 'proof.json'), 'utf8').then(
    (text) => JSON.parse(text) as Proof,
    () => null
  )
  if (proof === null) {
    const error = timedOut ? stopped(minutes) : errorOf(stdout, stderr)
    return { outcome: 'error', error, refusals: {}, members: null, seconds }
  }
  const traced = proof.artifacts.map((artifact) => artifact.traced)
  return {
    // No project of the list adopts wheels.
    outcome: proof.verdict === 'traced' ? 'error' : proof.verdict,
    error: null,
    refusals: refusalsOf(proof.findings),
    members: {
      all: proof.artifacts.reduce((sum, artifact) => sum + artifact.members, 0),
      traced: traced.some((count) => count === null)
        ? null
        : traced.reduce<number>((sum, count) => sum + (count ?? 0), 0)
    },
    seconds
  }
}

async function niced(
  args: readonly string[],
  log: string,
  minutes: number
): Promise<{ stdout: string; stderr: string; timedOut: boolean; code: number | null }> {
  const child = spawn('nice', ['-n', process.env.CORPUS_NICE ?? '10', process.execPath, ...args], {
    stdio: ['ignore', 'pipe', 'pipe']
  })
  const kept = { stdout: '', stderr: '' }
  const file = createWriteStream(log, { flags: 'a' })
  let timedOut = false
  child.stdout.on('data', (chunk: Buffer) => (kept.stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => {
    kept.stderr += chunk.toString()
    file.write(chunk)
  })
  const timer = setTimeout(() => {
    timedOut = true
    child.kill('SIGTERM')
  }, minutes * 60_000)
  const code = await new Promise<number | null>((resolve, reject) =>
    child.once('error', reject).once('close', resolve)
  )
  clearTimeout(timer)
  file.end()
  return { ...kept, timedOut, code }
}

function errorOf(stdout: string, stderr: string): { code: string; message: string } {
  try {
    const { error } = JSON.parse(stdout) as { error: { code: string; message: string } }
    return { code: error.code, message: error.message }
  } catch {
    return { code: 'no-answer', message: stderr.trim().split('\n').at(-1) ?? '' }
  }
}

export function refusalsOf(findings: readonly Finding[]): Record<string, number> {
  const counts = new Map<string, number>()
  for (const { severity, check, code } of findings)
    if (severity === 'refuse') counts.set(`${check}/${code}`, (counts.get(`${check}/${code}`) ?? 0) + 1)
  return Object.fromEntries([...counts].sort((left, right) => right[1] - left[1]))
}

/** The log closes each stage with a line such as `✓ build a: python  3.4 s  …` or `2 min 05 s`. */
export function stageSeconds(log: string): Record<string, number> {
  const found: Record<string, number> = {}
  for (const line of log.split('\n')) {
    const match = /^[✓✗] (\w+).*? {2}(?:(\d+) min )?(\d+(?:\.\d+)?) s(?: {2}|$)/.exec(line)
    if (match === null) continue
    const stage = match[1] ?? ''
    found[stage] = Math.round(((found[stage] ?? 0) + Number(match[2] ?? 0) * 60 + Number(match[3])) * 10) / 10
  }
  return found
}
