import { mkdir } from 'node:fs/promises'
import { objectId, type ObjectId } from '../../documents/identifiers.ts'
import { TagproofError } from '../../platform/errors.ts'
import { lastLines, run, type Environment, type RunResult } from '../../platform/process.ts'
import { hardenedEnvironment } from '../../source/private-git.ts'
import { networkEnvironment, sshEnvironment } from '../../source/remote-environment.ts'
import type { GitAddress } from './git-address.ts'

/** A server of git, asked by git itself with none of anybody's configuration, hooks or credential helpers. */
export interface GitServer {
  address: Extract<GitAddress, { kind: 'server' }>
  /** Where variables of proxies, certificates and the ssh agent are looked up. */
  environment: Readonly<Record<string, string | undefined>>
  signal?: AbortSignal
}

const askSeconds = 120
const fetchSeconds = 1800

/**
 * What a ref names now, an annotated tag peeled; null where the server has no such ref.
 *
 * @throws TagproofError `network`
 */
export async function askRef(server: GitServer, ref: string): Promise<ObjectId | null> {
  const result = await git(server, ['ls-remote', '--', server.address.url, ref, `${ref}^{}`], askSeconds)
  if (result.code !== 0) throw failure(server, result)
  const said = new Map(
    result.stdout
      .toString('utf8')
      .split('\n')
      .map((line): [string, string] => [line.split('\t')[1] ?? '', line.split('\t')[0] ?? ''])
  )
  const id = said.get(`${ref}^{}`) ?? said.get(ref)
  return id !== undefined && /^([0-9a-f]{40}|[0-9a-f]{64})$/.test(id) ? objectId(id) : null
}

/**
 * Fetches one commit with its trees and files, and nothing that came before it, into a new bare folder.
 *
 * @throws TagproofError `input-missing` where the server has it no more, `object-corrupt` for an answer that is not that
 *   commit, `network`
 */
export async function fetchCommit(server: GitServer, commit: ObjectId, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  const format = commit.length === 64 ? 'sha256' : 'sha1'
  const made = await git(
    server,
    ['init', '--quiet', '--bare', '--template=', `--object-format=${format}`, '--', folder],
    askSeconds
  )
  if (made.code !== 0) throw failure(server, made)
  const fetched = await git(
    server,
    [
      ...['-c', 'protocol.version=2', '-c', 'http.lowSpeedLimit=500', '-c', 'http.lowSpeedTime=60'],
      ...[
        '-c',
        'advice.graftFileDeprecated=false',
        '-c',
        'gc.auto=0',
        '-c',
        'maintenance.auto=false',
        '-c',
        'fetch.writeCommitGraph=false'
      ],
      ...['fetch', '--quiet', '--no-tags', '--no-recurse-submodules', '--no-write-fetch-head', '--depth=1'],
      ...['--', server.address.url, commit]
    ],
    fetchSeconds,
    { GIT_DIR: folder }
  )
  if (fetched.code !== 0) throw failure(server, fetched, commit)
}

function git(
  server: GitServer,
  args: readonly string[],
  timeoutSeconds: number,
  more: Environment = {}
): Promise<RunResult> {
  const { signal } = server
  const options = { cwd: '/', env: { ...environmentOf(server), ...more }, timeoutSeconds }
  return run('git', args, { ...options, ...(signal === undefined ? {} : { signal }) })
}

/** Of the caller's variables git gets the way to the network, and for ssh the agent. No other protocol is spoken. */
function environmentOf({ address: { protocol }, environment }: GitServer): Environment {
  return {
    ...hardenedEnvironment,
    ...networkEnvironment(environment),
    ...(protocol === 'ssh' ? sshEnvironment(environment) : {}),
    GIT_ALLOW_PROTOCOL: protocol
  }
}

const gone = /not our ref|couldn't find remote ref|unadvertised object|no such remote ref/i
const corrupt =
  /bad (object|pack)|did not send all|missing necessary|index-pack|corrupt|not a valid object|Could not read [0-9a-f]|unable to parse|remote did not send/i

function failure({ address }: GitServer, result: RunResult, commit?: ObjectId): TagproofError {
  const output = lastLines(result.stderr.toString('utf8'), 5)
  const where = address.url
  if (commit !== undefined && gone.test(output))
    return new TagproofError('input-missing', 'The repository of a git input does not have the commit.', {
      where,
      output,
      found: `no commit ${commit}`,
      expected: 'the commit that the lock names',
      fix: 'Its history was rewritten, perhaps. Find out why; take the commit from a mirror (sources.git) or an own store (sources.store), or lock again with --upgrade.'
    })
  if (commit !== undefined && corrupt.test(output))
    return new TagproofError('object-corrupt', 'The repository of a git input sent something else.', {
      where,
      output,
      expected: `the commit ${commit} with its trees and files`,
      fix: 'Do not lock again before you know why; a mirror (sources.git) may have it.'
    })
  return new TagproofError('network', 'The repository of a git input does not answer.', {
    where,
    output,
    fix: 'Check its address and your access to it (ssh: the agent; https: public repositories alone).'
  })
}
