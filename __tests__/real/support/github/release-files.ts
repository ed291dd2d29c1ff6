import { createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import {
  githubDestination,
  type GithubRequest,
  type ReleaseFile
} from '../../../../src/destinations/github/destination.ts'
import type { Destination } from '../../../../src/destinations/destination.ts'
import { sha256 as asSha256 } from '../../../../src/documents/identifiers.ts'
import { createHttpClient } from '../../../../src/platform/http.ts'
import type { FakeGithub } from './fake-github.ts'
import type { RepositoryState } from './state.ts'

/** A tagged version with some files of a few bytes. */
export interface FilesRelease {
  version: string
  tag: string
  commit: string
  folder: string
  files: readonly ReleaseFile[]
  bytes: ReadonlyMap<string, Buffer>
  remove: () => Promise<void>
}

export interface FilesOptions {
  version?: string
  text?: string
  names?: (version: string) => readonly string[]
}

const usualNames = (version: string): string[] => [
  `demo-${version}.tar.gz`,
  `demo-${version}-py3-none-any.whl`,
  `demo_${version}_all.deb`
]

export async function makeFiles(options: FilesOptions = {}): Promise<FilesRelease> {
  const { version = '1.0', text = 'first', names = usualNames } = options
  const folder = await mkdtemp(path.join(tmpdir(), 'tagproof-files-'))
  const bytes = new Map(names(version).map((name) => [name, Buffer.from(`${text} ${name}\n`)]))
  const files: ReleaseFile[] = []
  for (const [name, content] of bytes) {
    const file = path.join(folder, name)
    await writeFile(file, content)
    const sha256 = asSha256(createHash('sha256').update(content).digest('hex'))
    files.push({ name, size: content.length, sha256, file, evidence: name.endsWith('.json') })
  }
  const commit = createHash('sha1').update(version).digest('hex')
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true })
  return { version, tag: `v${version}`, commit, folder, files, bytes, remove }
}

/** The tag as a push would bring it: an annotated one. */
export function pushTag(state: RepositoryState, { tag, commit }: Pick<FilesRelease, 'tag' | 'commit'>): void {
  const sha = createHash('sha1').update(`tag ${tag} ${commit}`).digest('hex')
  state.tags.set(tag, { type: 'tag', sha })
  state.tagObjects.set(sha, { type: 'commit', sha: commit })
}

export interface Asked extends Partial<GithubRequest> {
  lines?: string[]
}

/** A destination as a process of its own would make it; its connections end with `close`. */
export function githubOf(
  fake: FakeGithub,
  release: FilesRelease,
  { lines = [], ...more }: Asked = {}
): Destination {
  const http =
    more.http ??
    createHttpClient({ environment: {}, retryMilliseconds: 0, stallMilliseconds: 5000, attempts: 3 })
  const say = (line: string): void => void lines.push(line)
  const progress = { line: say, done: say, failed: () => undefined }
  const destination = githubDestination({
    name: 'github',
    api: fake.api,
    repository: `${fake.state.owner}/${fake.state.name}`,
    token: 'ghs_writer',
    tokenName: 'The input github-token',
    tag: release.tag,
    commit: release.commit,
    version: release.version,
    files: release.files,
    notes: null,
    draft: false,
    log: { info: say, warn: say, begin: () => progress },
    now: Date.now,
    patience: [0, 0],
    ...more,
    http
  })
  return {
    ...destination,
    close: async () => {
      await destination.close()
      http.close()
    }
  }
}
