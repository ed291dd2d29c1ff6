import { readFile, readdir } from 'node:fs/promises'
import path from 'node:path'
import type { ArtifactAnswer, ArtifactRequest } from './client.ts'
import { sha256 } from '../../documents/identifiers.ts'
import { TagproofError } from '../errors.ts'
import { withTemporaryFolder } from '../files.ts'
import { plainEnvironment, run } from '../process.ts'
import type { ArtifactStore } from './store.ts'

/** All that the client sees of the runner: its token and addresses, and the way to the network. */
const given = [
  'ACTIONS_RUNTIME_TOKEN',
  'ACTIONS_RESULTS_URL',
  'GITHUB_SERVER_URL',
  'ACTIONS_ARTIFACT_UPLOAD_CONCURRENCY',
  'ACTIONS_ARTIFACT_UPLOAD_TIMEOUT_MS',
  'HTTPS_PROXY',
  'https_proxy',
  'HTTP_PROXY',
  'http_proxy',
  'NO_PROXY',
  'no_proxy',
  'NODE_EXTRA_CA_CERTS',
  'SSL_CERT_FILE'
]

/** The client tries again for minutes by itself; then it is stopped. */
const longestSeconds = 45 * 60

/**
 * What the client says of a name that is used up: HTTP 409 where it is there, or was kept by an upload that failed. One
 * that fails at its very end keeps its name too.
 */
const takenAnswer = /\(409\)|already exists|FinalizeArtifact/

export interface ServiceOptions {
  /** Program of the client, dist/artifacts.cjs. */
  program: string
  environment: NodeJS.ProcessEnv
  signal?: AbortSignal
}

/**
 * The artifacts of the run, through GitHub's own client, which runs as a program of its own: it sees neither the
 * inputs of the step nor what the engine holds in memory, and what it prints (signed addresses) is dropped.
 *
 * @throws TagproofError `handover-failed` where this step has no artifact token, or the service does not do its part
 */
export function serviceStore({ program, environment, signal }: ServiceOptions): ArtifactStore {
  const env = Object.fromEntries(
    given.flatMap((name): [string, string][] => {
      const value = environment[name] ?? ''
      return value === '' ? [] : [[name, value]]
    })
  )
  async function ask(request: ArtifactRequest): Promise<ArtifactAnswer> {
    if (env.ACTIONS_RUNTIME_TOKEN === undefined || env.ACTIONS_RESULTS_URL === undefined)
      throw new TagproofError('handover-failed', 'This step cannot reach the artifacts of the run.', {
        found: 'no ACTIONS_RUNTIME_TOKEN or no ACTIONS_RESULTS_URL',
        expected: 'both, as a runner sets them for a node action',
        fix: 'Use the action with uses:, on GitHub; elsewhere set handover to a folder that all jobs see, or to none.'
      })
    return withTemporaryFolder('tagproof-artifacts', async (folder) => {
      const answer = path.join(folder, 'answer.json')
      const ended = await run(process.execPath, [program, JSON.stringify(request), answer], {
        env: { ...plainEnvironment, ...env, TMPDIR: folder },
        keepBytes: 1 << 16,
        timeoutSeconds: longestSeconds,
        ...(signal === undefined ? {} : { signal })
      })
      const text = await readFile(answer, 'utf8').catch(() => '')
      if (text !== '') return JSON.parse(text) as ArtifactAnswer
      return { error: ended.timedOut ? 'no answer in time' : `the client ended with ${String(ended.code)}` }
    })
  }
  return {
    async put(file) {
      const answer = await ask({ do: 'put', file })
      if (!('error' in answer)) return 'stored'
      if (takenAnswer.test(answer.error)) return 'taken'
      throw failed('was not taken', answer.error)
    },
    async list() {
      const answer = await ask({ do: 'list' })
      if ('error' in answer) throw failed('cannot be listed', answer.error)
      return answer.artifacts.map(({ digest, ...artifact }) => ({
        ...artifact,
        sha256: digest !== null && /^sha256:[0-9a-f]{64}$/.test(digest) ? sha256(digest.slice(7)) : null
      }))
    },
    async get({ id, name }, folder) {
      const answer = await ask({ do: 'get', id, folder })
      if ('error' in answer) throw failed(`${name} was not given`, answer.error)
      // The service names the file; one is there, whatever it is called.
      const [only, ...more] = await readdir(folder)
      if (only === undefined || more.length > 0) throw failed(`${name} was not given`, 'no single file')
      return path.join(folder, only)
    }
  }
}

function failed(what: string, found: string): TagproofError {
  return new TagproofError('handover-failed', `The hand-over ${what}.`, {
    // Addresses are signed in their query.
    found: found.replace(/\?\S*/g, '?…').slice(0, 500),
    fix: 'Run the failed jobs again.'
  })
}
