import { readFile } from 'node:fs/promises'
import path from 'node:path'
import type { Lock } from '../documents/lock.ts'
import type { Plan, PlanTarget } from '../documents/plan.ts'
import type { Finding } from '../documents/proof.ts'
import { readDocument, writeDocument } from '../documents/reading.ts'
import type { ReleaseArtifact } from '../documents/release.ts'
import type { Tried, Try } from '../documents/try.ts'
import { settleEach } from '../platform/concurrency.ts'
import { asTagproofError } from '../platform/errors.ts'
import { joinInside, withTemporaryFolder } from '../platform/files.ts'
import { tryDebs } from '../targets/deb/try.ts'
import { tryImage } from '../targets/image/try.ts'
import { tryPython } from '../targets/python/try.ts'
import { applyWaivers } from '../proof/waivers.ts'
import type { Installed, TryRequest } from '../targets/try-request.ts'
import { tryScript } from '../targets/try-script.ts'
import { runInWorld } from '../worlds/run.ts'
import { clearFrom, signalOf, type StageContext } from './context.ts'
import { withBuildPlaces, type BuildPlaces } from './places.ts'
import { requireSamePackages } from './record.ts'
import { worldsFitTogether } from './room.ts'

/**
 * Installs each package that was proven in a clean root, with no network, and starts it. Code of the project runs in
 * the sandbox alone. Writes `try.json`; what does not install or start is a finding that refuses the release.
 */
export async function tryPackages(context: StageContext): Promise<Try> {
  const { document: plan } = await readDocument('plan', context.out.plan)
  const { document: proof, sha256 } = await readDocument('proof', context.out.proof)
  await clearFrom(context.out, 'try')
  await requireSamePackages(context, proof.artifacts)
  const document: Try = { schema: 'tagproof/try/1', proof: sha256, tried: [], findings: [] }
  if (proof.verdict !== 'refused')
    await withBuildPlaces(context, plan, 'try', async (places) => {
      const atOnce = (await worldsFitTogether(plan)).fits ? 2 : 1
      const results = await settleEach(plan.targets, atOnce, (target) => {
        // What other jobs built is for other platforms, most often.
        const artifacts = proof.artifacts.filter(
          ({ target: of, adopted }) => of === target.name && adopted === undefined
        )
        return tryTarget({ context, plan, places }, target, artifacts)
      })
      for (const { tried, findings } of results) {
        document.tried.push(...tried)
        document.findings.push(...findings)
      }
    })
  document.findings = applyWaivers(document.findings, plan.waivers)
  await writeDocument('try', context.out.try, document)
  return document
}

interface TryRoom {
  context: StageContext
  plan: Plan
  places: BuildPlaces
}

async function tryTarget(
  { context, plan, places }: TryRoom,
  target: PlanTarget,
  artifacts: readonly ReleaseArtifact[]
): Promise<Pick<Try, 'tried' | 'findings'>> {
  const progress = context.log.begin(`try ${target.name}`)
  const tried: Tried[] = []
  const findings: Finding[] = []
  const request: TryRequest = {
    target,
    artifacts: artifacts.map((artifact) => ({
      artifact,
      file: joinInside(context.out.packages, artifact.name)
    })),
    plan,
    place: places.of(target),
    dependencies: dependenciesOf(places.lock, plan, target),
    building: target.kind === 'python' ? (places.lock.python[target.name] ?? null) : null,
    inputs: places.inputs,
    cache: context.cache,
    log: context.log,
    onLine: (line) => progress.line(line),
    ...signalOf(context)
  }
  const install = { python: tryPython, deb: tryDebs, image: tryImage }[target.kind]
  try {
    await install(request, async (installed) => {
      const started = await start(request, installed)
      tried.push(...started.tried)
      findings.push(...started.findings)
    })
    if (findings.length === 0) progress.done(`${tried.length} installed and started`)
    else progress.failed(findings[0]?.message ?? '')
  } catch (thrown) {
    const error = asTagproofError(thrown)
    progress.failed()
    if (error.code !== 'build-failed') throw error
    const { output, fix } = error.detail
    findings.push(
      finding('not-installed', artifacts[0]?.name ?? null, `${error.message}${lastOf(output)}`, fix ?? null)
    )
  }
  return { tried, findings }
}

/** Run-time dependencies that the lock holds for the wheel: for the target itself, or for what is made of it. */
function dependenciesOf(lock: Lock, plan: Plan, target: PlanTarget): TryRequest['dependencies'] {
  if (target.kind !== 'python') return lock.python[target.name] ?? null
  const user = plan.targets.find(
    (other) =>
      other.kind !== 'python' && lock.python[other.name] !== undefined && other.deb?.mode !== 'debian'
  )
  return user === undefined ? null : (lock.python[user.name] ?? null)
}

/** Runs the commands of an installed package in one world, one after the other. */
async function start(
  { target, plan, onLine, signal }: TryRequest,
  installed: Installed
): Promise<Pick<Try, 'tried' | 'findings'>> {
  const given = target.try
  const commands = given ?? installed.commands
  const { artifact, place } = installed
  const ran =
    commands.length === 0
      ? []
      : await withTemporaryFolder('tagproof-try', async (outputs) => {
          const result = await runInWorld({
            world: 'a',
            root: installed.root,
            exportTar: null,
            binds: installed.binds,
            command: ['/bin/sh', '-c', tryScript(commands)],
            environment: installed.environment,
            limits: { ...plan.limits, minutes: Math.min(plan.limits.minutes, 5) },
            network: 'none',
            outputs,
            onLine,
            ...(signal === undefined ? {} : { signal })
          })
          return Promise.all(commands.map((argv, at) => outcomeOf(argv, outputs, at, result.output)))
        })
  const findings = ran
    .filter((one) => !starts(one, given !== undefined))
    .map(({ argv, code, output }) =>
      finding(
        'not-started',
        artifact.name,
        `${argv.join(' ')} ${code === null ? 'did not end' : `ended with ${code}`}${lastOf(output)}`,
        'Run the command in a clean root to see what it needs; where another command shows that the package works, name it as `try` of the target.'
      )
    )
  const told = ran.map(({ argv, code }) => ({ argv: [...argv], code }))
  return { tried: [{ artifact: artifact.name, sha256: artifact.sha256, place, commands: told }], findings }
}

interface Outcome {
  argv: readonly string[]
  /** Null where it, or one before it, was stopped. */
  code: number | null
  output: string
}

async function outcomeOf(
  argv: readonly string[],
  outputs: string,
  at: number,
  whole: string
): Promise<Outcome> {
  const text = (name: string): Promise<string> =>
    readFile(path.join(outputs, `${at}.${name}`), 'utf8').catch(() => '')
  const code = await text('code')
  return { argv, code: /^\d+\n$/.test(code) ? Number(code) : null, output: (await text('log')) || whole }
}

/**
 * A command that the configuration names must end with 0. One that we chose (a program asked for help, which it may
 * not know) must have been started: no missing file, library or module, no signal.
 */
function starts({ code, output }: { code: number | null; output: string }, named: boolean): boolean {
  if (named || code === 0) return code === 0
  if (code === null || code >= 126) return false
  return !/^(ModuleNotFoundError|ImportError)\b|error while loading shared libraries/m.test(output)
}

function lastOf(output: string | undefined): string {
  const lines = (output ?? '').trim().split('\n').slice(-3).join(' | ')
  return lines === '' ? '' : `: ${lines.slice(-1000)}`
}

function finding(code: string, artifact: string | null, message: string, fix: string | null): Finding {
  return {
    check: 'try',
    code,
    severity: 'refuse',
    artifact,
    member: null,
    message: message.slice(0, 4000),
    cause: 'The package was installed in a clean root, from locked packages alone and with no network.',
    fix,
    waiver: null
  }
}
