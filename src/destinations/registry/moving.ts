import type { MovedName, MoveEvent, MovingNames, NameReadBack, NameState } from '../destination.ts'
import { TagproofError } from '../../platform/errors.ts'
import type { HttpClient } from '../../platform/http.ts'
import { readManifest } from '../../platform/registry/reading.ts'
import type { RegistrySession } from '../../platform/registry/session.ts'
import { tagName, type MovingTag, type PushedImage } from './image.ts'
import { lookAtTag, type Tagged } from './look.ts'
import { judgeTag } from './moving-rules.ts'
import { pushDocument, type Pushed } from './push-document.ts'
import { pushRefused } from './refusals.ts'
import { versionOf } from './tag-version.ts'

export interface MovingContext {
  images: readonly PushedImage[]
  session: (repository: string) => Promise<RegistrySession>
  /** Manifests and index of an image by digest. */
  documents: (image: PushedImage) => Promise<ReadonlyMap<string, Buffer>>
  http: Pick<HttpClient, 'attempts' | 'pause'>
  signal?: AbortSignal
}

/** A tag that moves, its image, and where. */
interface Moving extends MovingTag {
  name: string
  of: PushedImage
}

const mostRaces = 5

/** Tags that move: `latest` forwards alone, `2.11` within its series. Null where none does. */
export function movingTags(context: MovingContext): MovingNames | null {
  const all = context.images.flatMap((of) =>
    of.moving.map((moving): Moving => ({ ...moving, name: tagName(of, moving.tag), of }))
  )
  if (all.length === 0) return null
  const named = (name: string): Moving => {
    const found = all.find((one) => one.name === name)
    if (found === undefined) throw new TagproofError('internal', `${name} is no name of this destination.`)
    return found
  }

  async function look(
    moving: Moving
  ): Promise<{ state: NameState; seen: Tagged | null; session: RegistrySession }> {
    const { name, tag, template, of } = moving
    const session = await context.session(of.repository)
    const seen = await lookAtTag(session, tag)
    const expected = of.image.root.digest
    const ours = { digest: expected, version: of.image.version }
    const other = seen !== null && seen.digest !== expected
    const found =
      seen === null
        ? null
        : { digest: seen.digest, version: other ? await versionOf(session, seen.digest) : ours.version }
    const state = judgeTag(template, found, ours)
    if (typeof state === 'object') throw unjudged(session, moving, seen?.digest ?? '', state.refused)
    return { state: { name, state, found: seen?.digest ?? null, expected }, seen, session }
  }

  async function moveOne(moving: Moving): Promise<MoveEvent['outcome']> {
    for (let race = 1; ; race += 1) {
      const { state, seen, session } = await look(moving)
      if (state.state !== 'behind') return state.state === 'ahead' ? 'ahead' : 'there'
      const pushed = await pushRoot(moving, seen, session)
      if (pushed.outcome !== 'raced') return pushed.outcome === 'sent' ? 'moved' : 'there'
      if (race >= mostRaces) throw raced(session, moving.tag)
    }
  }

  async function pushRoot(
    { of, tag }: Moving,
    seen: Tagged | null,
    session: RegistrySession
  ): Promise<Pushed> {
    const { digest, mediaType } = of.image.root
    const bytes = (await context.documents(of)).get(digest) ?? Buffer.alloc(0)
    return pushDocument({ bytes, mediaType, digest, reference: tag }, seen, { ...context, session })
  }

  return {
    async state() {
      const states: NameState[] = []
      for (const moving of all) states.push((await look(moving)).state)
      return states
    },
    async move(names, onMoved) {
      for (const moving of names.map(named))
        await onMoved({ name: moving.name, outcome: await moveOne(moving) })
    },
    async readBack() {
      const back: NameReadBack[] = []
      for (const { name, tag, of } of all) {
        const document = await readManifest(await context.session(of.repository), tag)
        if (document !== null)
          back.push({
            name,
            found: document.digest,
            checks: [{ what: 'tag', result: 'agrees', note: `${document.bytes.length} bytes, by hash` }]
          })
      }
      return back
    },
    async back(names, onMoved) {
      const kept: string[] = []
      for (const name of names) {
        const outcome = await moveBack(named(name.name), name, context)
        if (outcome === 'kept') kept.push(name.name)
        else await onMoved({ name: name.name, outcome })
      }
      if (kept.length > 0) throw undeletable(kept)
    }
  }
}

/** `ahead`: the tag stands for something else than this release meanwhile; `kept`: it was not there before. */
async function moveBack(
  { of, tag }: Moving,
  { before, expected }: MovedName,
  context: MovingContext
): Promise<MoveEvent['outcome'] | 'kept'> {
  const session = await context.session(of.repository)
  for (let race = 1; ; race += 1) {
    const seen = await lookAtTag(session, tag)
    const found = seen?.digest ?? null
    if (found === before) return 'there'
    if (found !== expected) return 'ahead'
    if (before === null) return 'kept'
    const earlier = await readManifest(session, before)
    if (earlier === null)
      throw pushRefused(session, `the tag ${tag} back`, { words: `404: it no longer has ${before}` })
    const { bytes, mediaType, digest } = earlier
    const pushed = await pushDocument({ bytes, mediaType, digest, reference: tag }, seen, {
      ...context,
      session
    })
    if (pushed.outcome !== 'raced') return pushed.outcome === 'sent' ? 'moved' : 'there'
    if (race >= mostRaces) throw raced(session, tag)
  }
}

function unjudged({ address }: RegistrySession, { tag }: Moving, found: string, why: string): TagproofError {
  return new TagproofError('destination-different', `The tag ${tag} of ${address} is not moved: ${why}.`, {
    found,
    expected: 'no such tag, or an older version of the same series',
    fix: 'Look what it is. If it is to go on, point it by hand at the image of an earlier release, or delete the tag; or leave it out of moving.'
  })
}

function raced({ address }: RegistrySession, tag: string): TagproofError {
  return new TagproofError('upload-refused', `Somebody else keeps moving the tag ${tag} of ${address}.`, {
    fix: 'Find out which job does, and run this one again when it has ended.'
  })
}

function undeletable(names: readonly string[]): TagproofError {
  return new TagproofError('upload-refused', `Not moved back: ${names.join(', ')}.`, {
    found: 'tags that were not there before this release',
    fix: 'Delete them by hand. Some registries delete the image with a tag, so they are not asked to.'
  })
}
