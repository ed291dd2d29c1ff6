import type { ReadBack } from '../../documents/receipt.ts'
import { sha256 as asSha256 } from '../../documents/identifiers.ts'
import { settleEach } from '../../platform/concurrency.ts'
import { TagproofError } from '../../platform/errors.ts'
import type { HttpClient } from '../../platform/http.ts'
import { parseUrl, showUrl, isSecure } from '../../platform/http-rules.ts'
import type { Log } from '../../platform/log.ts'
import { missingOf, type ArtifactState, type Destination, type DestinationFile } from '../destination.ts'
import { isPreRelease } from '../routing.ts'
import { githubApi } from './api.ts'
import { assetNames } from './asset-names.ts'
import type { ReleaseContext } from './context.ts'
import type { Asset, GithubRelease } from './documents.ts'
import { ensureDraft } from './draft.ts'
import { assetsOf, chooseRelease, findReleases } from './find.ts'
import { movingNames, refuseStrangers } from './moving.ts'
import { markerOf, releaseNotes } from './notes.ts'
import { readRepository, requireMayWrite } from './permission.ts'
import { fetchAsUser, missing as notThere, usualPatience } from './read-back.ts'
import { alreadyDifferent, lacksForEver } from './refusals.ts'
import { isWhole, stateOfAsset, strangers, type AssetFile } from './state.ts'
import { requireTagThere } from './tag.ts'
import { brokenElsewhere, uploadAsset } from './upload.ts'

/** A file to attach. */
export interface ReleaseFile extends DestinationFile {
  /** Path of its bytes. */
  file: string
  /** About the release, not of it. */
  evidence: boolean
}

export interface GithubRequest {
  /** Name of the destination. */
  name: string
  /** Base of the REST API. */
  api: string
  /** `owner/name`. */
  repository: string
  /** Null where none was given: the first question says so. */
  token: string | null
  /** How a token is handed over here, for messages. */
  tokenName: string
  tag: string
  commit: string
  version: string
  files: readonly ReleaseFile[]
  /** Text of the project, out of the tagged tree; null for the usual one. */
  notes: string | null
  /** Leave the release a draft. */
  draft: boolean
  http: HttpClient
  log: Log
  /** Milliseconds since 1970. */
  now: () => number
  signal?: AbortSignal
  /** Waits of the read-back, in milliseconds. */
  patience?: readonly number[]
}

/**
 * A release on GitHub. All files go into a draft, which is published last: so nothing is ever seen without the rest, and an
 * immutable release is whole when it is locked. What was published before counts where its files are the same.
 *
 * @throws TagproofError `config-invalid` for an address that is not secure, `upload-refused` for files that no release takes
 */
export function githubDestination(request: GithubRequest): Destination {
  const { tag, commit, version, http, log, now, signal } = request
  requireSecure(request.api)
  const signalled = signal === undefined ? {} : { signal }
  const api = githubApi({ ...request, api: request.api.replace(/\/+$/, ''), now })
  const assets = assetNames(request.files)
  const files: (AssetFile & ReleaseFile)[] = request.files.map((file) => ({
    ...file,
    asset: assets.get(file.name) ?? file.name
  }))
  let isPrivate = true
  const fetched = new Set<string>()
  const context: ReleaseContext = {
    api,
    http,
    log,
    tag,
    commit,
    version,
    prerelease: isPreRelease(version),
    marker: markerOf(request),
    files,
    isPrivate: () => isPrivate,
    fetchAsUser: async (file, listed) => {
      if (fetched.has(file.name)) return
      await fetchAsUser(file, listed, {
        api,
        http,
        isPrivate,
        patience: request.patience ?? usualPatience,
        ...signalled
      })
      fetched.add(file.name)
    },
    ...signalled
  }

  async function find(): Promise<{ release: GithubRelease | null; there: Asset[] }> {
    const release = chooseRelease(await findReleases(api, tag), context)
    return { release, there: release === null ? [] : await assetsOf(api, release) }
  }

  async function states(there: readonly Asset[]): Promise<ArtifactState[]> {
    const found: ArtifactState[] = []
    for (const file of files) found.push(await stateOfAsset(file, there, api, context))
    return found
  }
  /** What preflight has read just now; the first question for the state takes it. */
  let known: readonly ArtifactState[] | null = null

  return {
    name: request.name,
    kind: 'github',
    address: `${showUrl(request.api)} ${api.repository} ${tag}`,
    artifacts: files.map(({ name, size, sha256 }) => ({ name, size, sha256 })),
    moving: request.draft ? null : movingNames(context),
    async preflight() {
      isPrivate = (await readRepository(api)).isPrivate
      await requireTagThere(api, tag, commit)
      const { release, there } = await find()
      known = await states(there)
      const missing = missingOf(known)
      if (release !== null) judge(release, there, missing)
      for (const { name, asset } of files) if (name !== asset) log.info(`GitHub calls ${name} ${asset}.`)
      if (release === null) releaseNotes(request.notes, { ...request, assets })
      // Other bytes are told by the state, and stop everything.
      if (known.some(({ state }) => state === 'different')) return
      if (missing.length > 0 || (release?.draft ?? true)) await requireMayWrite(api, tag)
    },
    async state() {
      const found = known ?? (await states((await find()).there))
      known = null
      return found
    },
    async stage() {
      await draft()
    },
    async commit(missing, onWritten) {
      const release = await draft()
      for (const file of files.filter(({ name }) => missing.includes(name))) {
        const outcome = await commitFile(file, release)
        await onWritten({ name: file.name, outcome })
      }
    },
    async readBack() {
      const { release, there } = await find()
      const back: ReadBack[] = []
      const whole = there.filter(isWhole)
      await settleEach(files, 2, async (file) => {
        if (release?.draft === false) await context.fetchAsUser(file, whole)
        else await requireSame(file, whole)
      })
      for (const { name, sha256, size } of files)
        back.push({
          name,
          sha256: asSha256(sha256),
          checks: [
            {
              what: 'bytes',
              result: 'agrees',
              note: `${size} bytes, ${fetched.has(name) ? 'fetched' : 'by digest in the draft'}`
            }
          ]
        })
      return back
    },
    close: () => Promise.resolve()
  }

  /** Before the first write, what no later step could mend. */
  function judge(release: GithubRelease, there: readonly Asset[], missing: readonly string[]): void {
    const more = strangers(there, files)
    if (release.draft) {
      refuseStrangers(release, more)
      return
    }
    if (release.immutable && missing.length > 0) throw lacksForEver(tag, missing)
    const broken = files.find((file) => there.some((one) => one.name === file.asset && !isWhole(one)))
    if (broken !== undefined) throw brokenElsewhere(broken, release)
    if (more.length > 0)
      log.warn(
        `The release ${tag} on GitHub also holds what is not of this release: ${more.slice(0, 20).join(', ')}.`
      )
  }

  async function draft(): Promise<GithubRelease> {
    await requireTagThere(api, tag, commit)
    const notes = releaseNotes(request.notes, { ...request, assets })
    return ensureDraft({ ...context, notes })
  }

  async function commitFile(
    file: AssetFile & ReleaseFile,
    release: GithubRelease
  ): Promise<'sent' | 'there'> {
    const uploading = { api, http, release, own: release.draft, ...signalled }
    return uploadAsset(file, file.file, uploading)
  }

  /** In a draft, which nobody else sees. */
  async function requireSame(file: AssetFile, there: readonly Asset[]): Promise<void> {
    const state = await stateOfAsset(file, there, api, context)
    if (state.state === 'absent') throw notThere(file.name, 'the draft does not hold it', file.sha256)
    if (state.state === 'different') throw alreadyDifferent(file.name, state.found, file.sha256)
  }
}

/** The token travels over https; plain http is for this machine alone. */
function requireSecure(api: string): void {
  const url = parseUrl(api)
  if (url !== null && isSecure(url)) return
  throw new TagproofError('config-invalid', 'The address of the API of GitHub is not secure.', {
    found: showUrl(api),
    expected: 'an https address',
    fix: 'Correct api: of the destination.'
  })
}
