import type { TagRef } from '../documents/fields.ts'
import { TagproofError } from '../platform/errors.ts'
import { lastLines, run } from '../platform/process.ts'
import { remoteEnvironment } from './remote-environment.ts'
import { quotedName } from './tag-name.ts'

export interface RemoteTagRequest {
  tag: TagRef
  /** Of the repository, with http or https. */
  url: string
  /** Reads private repositories; undefined for a public one. */
  token: string | undefined
  /** Where variables of proxies and certificates are looked up. */
  environment: Readonly<Record<string, string | undefined>>
  signal?: AbortSignal
}

/**
 * Asks the server what the tag names: a clone knows only what it was when it was made, and a checkout may have put the
 * commit of the run in the place of the tag.
 *
 * @throws TagproofError `tag-moved`; `network` where the server does not answer
 */
export async function requireTagOnServer(request: RemoteTagRequest): Promise<void> {
  const { tag, url, signal } = request
  const name = `refs/tags/${tag.name}`
  const result = await run('git', ['ls-remote', '--', url, name, `${name}^{}`], {
    cwd: '/',
    env: remoteEnvironment(request),
    timeoutSeconds: 120,
    ...(signal === undefined ? {} : { signal })
  })
  if (result.code !== 0)
    throw new TagproofError('network', 'The repository cannot be asked what the tag names now.', {
      where: url,
      output: lastLines(result.stderr.toString('utf8'), 5),
      fix: 'Run the failed job again; a private repository needs contents: read in the permissions of the job.'
    })
  const said = new Map(
    result.stdout
      .toString('utf8')
      .split('\n')
      .map((line): [string, string] => [line.split('\t')[1] ?? '', line.split('\t')[0] ?? ''])
  )
  const [object, commit] = [said.get(name), said.get(`${name}^{}`) ?? said.get(name)]
  // Flattened by a checkout, an annotated tag looks lightweight: its commit is compared all the same.
  const sameObject = tag.kind !== 'annotated' || object === tag.object
  if (commit === tag.commit && sameObject) return
  throw new TagproofError('tag-moved', `The tag ${quotedName(tag.name)} has moved on the server.`, {
    found: object === undefined ? 'no such tag' : `${object}, commit ${commit ?? 'unknown'}`,
    expected: `${tag.object}, commit ${tag.commit}`,
    fix: 'Find out who moved it. A release tag must not move: make a new version.'
  })
}
