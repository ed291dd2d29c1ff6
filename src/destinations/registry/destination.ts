import { sha256 as asSha256 } from '../../documents/identifiers.ts'
import type { HttpClient } from '../../platform/http.ts'
import type { Log } from '../../platform/log.ts'
import type { Credentials } from '../../platform/registry/credentials.ts'
import type { RegistrySession } from '../../platform/registry/session.ts'
import { missingOf, type ArtifactState, type Destination, type DestinationFile } from '../destination.ts'
import { commitImage } from './commit.ts'
import { documentsOf } from './documents.ts'
import { attachEvidence, readBackEvidence, type EvidenceFile } from './evidence.ts'
import type { PushedImage } from './image.ts'
import { lookAtTag } from './look.ts'
import { movingTags } from './moving.ts'
import { proveLogin, requireNames } from './preflight.ts'
import { readBackImage, usualPatience } from './read-back.ts'
import { openSessions } from './sessions.ts'
import { stageImage } from './stage.ts'
import { stateOf } from './state.ts'

export interface RegistryRequest {
  /** Name of the destination. */
  name: string
  /** Of the registry; of a domain that has its registry beside it, the domain. */
  base: URL
  images: readonly PushedImage[]
  /** Asked only if the registry wants a login. */
  credentials: (base: URL) => Promise<Credentials | null>
  /** Repositories of this registry that have a blob of a base image, by digest. */
  bases?: ReadonlyMap<string, string>
  /** Documents that are attached to each image; none by default. */
  evidence?: readonly EvidenceFile[]
  http: HttpClient
  log: Log
  signal?: AbortSignal
  /** Waits of the read-back, in milliseconds. */
  patience?: readonly number[]
  /** Largest part of a blob that is sent at once, in bytes. */
  chunk?: number
}

/**
 * A registry that speaks the OCI distribution specification. Everything goes there under its digest first, where nobody finds
 * it; the tags of the version are what cannot be taken back, and come last.
 *
 * @throws TagproofError `config-invalid` for names that cannot be
 */
export function registryDestination(request: RegistryRequest): Destination {
  const { images, http, log, signal, evidence = [] } = request
  requireNames(images)
  const sessions = openSessions(request)
  const signalled = signal === undefined ? {} : { signal }
  const common = { http, log, ...signalled, ...(request.chunk === undefined ? {} : { chunk: request.chunk }) }
  const kept = new Map<PushedImage, Promise<ReadonlyMap<string, Buffer>>>()
  const documents = (image: PushedImage): Promise<ReadonlyMap<string, Buffer>> => {
    const known = kept.get(image) ?? documentsOf(image)
    kept.set(image, known)
    return known
  }
  const sessionOf = (image: PushedImage): Promise<RegistrySession> => sessions.of(image.repository)
  const wanted = (names: readonly string[]): PushedImage[] =>
    images.filter(({ image }) => names.includes(image.name))
  /** What preflight has found just now; the first question for the state takes it. */
  let states: readonly ArtifactState[] | null = null

  async function ask(): Promise<ArtifactState[]> {
    const found: ArtifactState[] = []
    for (const image of images) found.push(await stateOf(image, await sessionOf(image), log))
    return found
  }

  async function mayMove({ moving, image }: PushedImage, session: RegistrySession): Promise<boolean> {
    for (const { tag } of moving)
      if ((await lookAtTag(session, tag))?.digest !== image.root.digest) return true
    return false
  }

  return {
    name: request.name,
    kind: 'registry',
    address: `${request.base.host}/${[...new Set(images.map(({ repository }) => repository))].join(', ')}`,
    artifacts: images.map(fileOf),
    async preflight() {
      for (const image of images) await documents(image)
      states = await ask()
      const absent = missingOf(states)
      // Other bytes are told by the state, and stop everything: nothing is to be pushed then.
      if (states.some(({ state }) => state === 'different')) return
      const proven = new Set<string>()
      for (const image of images) {
        const session = await sessionOf(image)
        if (proven.has(image.repository)) continue
        if (!absent.includes(image.image.name) && !(await mayMove(image, session))) continue
        await proveLogin({ session, http, ...signalled })
        proven.add(image.repository)
      }
    },
    async state() {
      const known = states ?? (await ask())
      states = null
      return known
    },
    async stage(missing) {
      for (const image of wanted(missing)) {
        const session = await sessionOf(image)
        const mountFrom = sessions.mountFrom(image.repository)
        await stageImage(image, { ...common, session, mountFrom, documents: await documents(image) })
        if (evidence.length > 0) await attachEvidence(image.image, evidence, { ...common, session })
      }
    },
    async commit(missing, onWritten) {
      for (const image of wanted(missing)) {
        const context = { ...common, session: await sessionOf(image), documents: await documents(image) }
        await onWritten({ name: image.image.name, outcome: await commitImage(image, context) })
      }
    },
    async readBack() {
      const patience = request.patience ?? usualPatience
      const back = []
      for (const image of images) {
        const session = await sessionOf(image)
        const anonymous = await sessions.anonymous(image.repository)
        const one = await readBackImage(image, { ...common, session, anonymous, patience })
        if (evidence.length > 0) {
          const note = await readBackEvidence(image.image, evidence, { session })
          one.checks.push({ what: 'evidence', result: 'agrees', note })
        }
        back.push(one)
      }
      return back
    },
    moving: movingTags({
      images,
      session: (repository) => sessions.of(repository),
      documents,
      http,
      ...signalled
    }),
    close: () => Promise.resolve()
  }
}

/** What is hashed is the manifest or index, and what is sent is all of the image. */
function fileOf({ image }: PushedImage): DestinationFile {
  return {
    name: image.name,
    size: image.blobs.reduce((sum, { size }) => sum + size, 0),
    sha256: asSha256(image.root.digest.slice('sha256:'.length))
  }
}
