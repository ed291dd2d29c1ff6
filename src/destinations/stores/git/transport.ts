import { setTimeout as sleep } from 'node:timers/promises'
import { TagproofError, type ErrorCode } from '../../../platform/errors.ts'
import { parseUrl, showUrl, isSecure } from '../../../platform/http-rules.ts'
import { lastLines, type Environment } from '../../../platform/process.ts'
import { hardenedEnvironment } from '../../../source/private-git.ts'
import { remoteEnvironment, settingsEnvironment, sshEnvironment } from '../../../source/remote-environment.ts'

export interface GitRemote {
  /** `https://HOST/OWNER/NAME`, `ssh://git@HOST/…`, `git@HOST:…`, or a folder. */
  address: string
  /** For http and https alone. */
  token: string | undefined
  environment: Readonly<Record<string, string | undefined>>
}

type Protocol = 'http' | 'ssh' | 'file'

function protocolOf(address: string): Protocol {
  if (/^https?:\/\//.test(address)) return 'http'
  // As git tells them apart: a colon before the first slash is a host's.
  return /^(ssh|git\+ssh):\/\//.test(address) || /^[^/]+:/.test(address) ? 'ssh' : 'file'
}

/**
 * What git runs with when it fetches or pushes. A token is a setting in the environment: neither arguments nor addresses,
 * which other processes see, hold it.
 *
 * @throws TagproofError `config-invalid` for an address that is not secure, or holds a login
 */
export function transportEnvironment(remote: GitRemote): Environment {
  const { address, environment } = remote
  const settings = {
    'remote.origin.url': address,
    // Blobs that nobody asks for stay where they are.
    'remote.origin.promisor': 'true',
    'remote.origin.partialclonefilter': 'blob:none'
  }
  switch (protocolOf(address)) {
    case 'http': {
      const url = parseUrl(address)
      if (url === null || !isSecure(url) || url.username !== '' || url.password !== '')
        throw new TagproofError('config-invalid', `${showUrl(address)} is no remote for a store.`, {
          expected: 'an https address without a login; plain http for this machine alone',
          fix: 'Correct remote in the store of the configuration; the login is github-token.'
        })
      return lazy(remoteEnvironment({ ...remote, url: address }, settings))
    }
    case 'ssh':
      return lazy({
        ...hardenedEnvironment,
        ...sshEnvironment(environment),
        GIT_ALLOW_PROTOCOL: 'ssh',
        ...settingsEnvironment(settings)
      })
    case 'file':
      return lazy({ ...hardenedEnvironment, GIT_ALLOW_PROTOCOL: 'file', ...settingsEnvironment(settings) })
  }
}

/** Reading a blob that was left behind fetches it. */
function lazy(environment: Environment): Environment {
  return { ...environment, GIT_NO_LAZY_FETCH: '0' }
}

/** For people, without a login. */
export function shownRemote(address: string): string {
  return protocolOf(address) === 'http' ? showUrl(address) : address
}

/** What git says, and what it means; the first that fits. */
const meanings: readonly { says: RegExp; code: ErrorCode; message: string; fix: string }[] = [
  {
    says: /No space left on device|disk quota exceeded|over its (data )?quota/i,
    code: 'disk-full',
    message: 'There is no room for the release in the repository',
    fix: 'Make room, or raise the quota; then run publish again.'
  },
  {
    says: /GH001|exceeds GitHub's file size limit|pack exceeds maximum|object too large/i,
    code: 'upload-refused',
    message: 'A file of the release is too large for the repository',
    fix: 'Put large files into a store of kind s3 instead: code hosts take no files above 100 MiB.'
  },
  {
    says: /protected branch|GH006|GH013|hook declined|\[remote rejected\]/i,
    code: 'upload-refused',
    message: 'The server did not take the commit',
    fix: 'Allow this workflow to push to the branch (rules and protection of branches), and run publish again.'
  },
  {
    says: /Authentication failed|could not read (Username|Password)|Permission (to \S+ )?denied|error: 40[13]|access denied|not (be )?granted/i,
    code: 'login-refused',
    message: 'The repository does not let this job write',
    fix: 'In the publish job: permissions: contents: write, and github-token: ${{ github.token }} for the step. Another repository needs a token of its own.'
  },
  {
    says: /does not appear to be a git repository|repository .*not found|error: 404|does not exist/i,
    code: 'config-invalid',
    message: 'There is no such repository',
    fix: 'Correct remote in the store of the configuration; what a token may not read looks as if it were not there.'
  }
]

/** The error that the last lines of git's output tell of. */
export function transportError(stderr: string, address: string): TagproofError {
  const found = meanings.find(({ says }) => says.test(stderr))
  return new TagproofError(
    found?.code ?? 'network',
    `${found?.message ?? 'The repository cannot be reached'}.`,
    {
      where: shownRemote(address),
      output: lastLines(stderr, 8),
      fix: found?.fix ?? 'Run publish again; it writes what is missing.'
    }
  )
}

/** Runs it again while the network is to blame. @param pauses milliseconds before each further attempt */
export async function persistently<T>(
  pauses: readonly number[],
  work: () => Promise<T>,
  signal: AbortSignal | undefined
): Promise<T> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await work()
    } catch (error) {
      const pause = pauses[attempt]
      if (!(error instanceof TagproofError) || error.code !== 'network' || pause === undefined) throw error
      await sleep(pause, undefined, signal === undefined ? {} : { signal }).catch(() => {
        throw new TagproofError('cancelled', 'Stopped on request.')
      })
    }
  }
}
