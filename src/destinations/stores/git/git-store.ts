import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { PassThrough, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { sha256 as asSha256 } from '../../../documents/identifiers.ts'
import { TagproofError } from '../../../platform/errors.ts'
import { sha256OfBytes } from '../../../platform/files.ts'
import { streamOf } from '../body.ts'
import { requireKey, requirePrefix } from '../key.ts'
import type { Store, StoreBody, StoredHash } from '../store.ts'
import { openBranch, type Branch, type BranchRequest } from './branch.ts'
import { gathering, type Gathering } from './gathering.ts'
import { shownRemote } from './transport.ts'

export interface GitStoreRequest extends BranchRequest {
  /** Folder of the branch; empty for its root. */
  path: string
}

/** Others push to the same branch: no release waits for more of them. */
const mostRounds = 50

/**
 * A branch of a git repository, such as one that GitHub Pages shows. What is written is gathered, and becomes one commit on
 * the newest one; a push that comes second is made again on top of the first, if both changed other files. The version of
 * a file is the name of its blob.
 */
export function gitStore(request: GitStoreRequest): Store {
  const { remote, branch: name } = request
  const folder = request.path === '' ? '' : `${request.path}/`
  const address = `${shownRemote(remote.address)} ${name}${request.path === '' ? '' : `:${request.path}`}`
  let opened: Promise<{ branch: Branch; gathered: Gathering }> | null = null
  let heldRef: string | null = null

  const open = (): Promise<{ branch: Branch; gathered: Gathering }> =>
    (opened ??= openBranch(request).then((branch) => ({ branch, gathered: gathering() })))
  const pathOf = (key: string): string => `${folder}${requireKey(key)}`

  async function forget(): Promise<void> {
    const last = opened
    opened = null
    await last?.then(({ branch }) => branch.remove()).catch(() => undefined)
  }

  async function blobOf(
    key: string
  ): Promise<{ branch: Branch; gathered: Gathering; file: string; blob: string | null }> {
    const file = pathOf(key)
    const { branch, gathered } = await open()
    return { branch, gathered, file, blob: gathered.blobOf(file, branch.files) }
  }

  async function into(key: string, sink: Writable): Promise<StoredHash | null> {
    const { branch, blob } = await blobOf(key)
    if (blob === null) return null
    const digest = createHash('sha256')
    let size = 0
    const through = new PassThrough()
    through.on('data', (piece: Buffer) => {
      digest.update(piece)
      size += piece.length
    })
    const flown = pipeline(through, sink)
    await Promise.all([branch.readBlob(blob, through), flown])
    return { size, sha256: asSha256(digest.digest('hex')), version: blob }
  }

  async function write(
    key: string,
    body: StoreBody,
    version: string | null,
    kind: 'fixed' | 'moving'
  ): Promise<string | null> {
    const { branch, gathered, file, blob } = await blobOf(key)
    if (blob !== version) return null
    if (gathered.collides(file, branch.files)) throw collision(address, key)
    const made = await branch.addBlob(streamOf(body))
    gathered.put(file, made, kind, branch.files)
    return made
  }

  /** Refuses nothing: what is pushed here is looked at by nobody. */
  async function hold(): Promise<void> {
    const { branch, gathered } = await open()
    if (gathered.isEmpty) return
    const commit = await branch.commit(gathered.changes(), 'Held')
    const ref = `refs/tagproof/held-${sha256OfBytes(`${name}\0${commit}`).slice(0, 16)}`
    if (heldRef !== null && heldRef !== ref) await branch.dropRef(heldRef)
    heldRef = ref
    await branch.push(commit, ref)
  }

  async function flush(message: string): Promise<'done' | 'raced'> {
    if (opened === null) return 'done'
    const { branch, gathered } = await open()
    for (let round = 0; round < mostRounds; round += 1) {
      if (gathered.isEmpty) return shown(branch)
      const commit = await branch.commit(gathered.changes(), message)
      if (await branch.push(commit, `refs/heads/${name}`)) return shown(branch)
      await branch.refresh()
      if (gathered.rebase(branch.files) === 'raced') return 'raced'
    }
    throw new TagproofError('upload-refused', `Somebody else pushes to ${name} all the time.`, {
      where: address,
      fix: 'Find out who, and run publish again.'
    })
  }

  /** What is read next is asked of the server, as anybody else would. */
  async function shown(branch: Branch): Promise<'done'> {
    await dropHeld(branch)
    await forget()
    return 'done'
  }

  async function dropHeld(branch: Branch): Promise<void> {
    if (heldRef === null) return
    await branch.dropRef(heldRef)
    heldRef = null
  }

  return {
    address,
    gathers: true,
    async preflight() {
      const { branch } = await open()
      await branch.provePush()
    },
    async read(key, maximumBytes) {
      const pieces: Buffer[] = []
      let size = 0
      const found = await into(
        key,
        new Writable({
          write(piece: Buffer, _encoding, done) {
            size += piece.length
            if (size <= maximumBytes) pieces.push(piece)
            done()
          }
        })
      )
      if (found === null) return null
      if (size > maximumBytes) throw tooLarge(address, key, size, maximumBytes)
      return { bytes: Buffer.concat(pieces), version: found.version }
    },
    hash: (key) => into(key, new Writable({ write: (_piece, _encoding, done) => done() })),
    async fetch(key, file) {
      const { blob } = await blobOf(key)
      if (blob === null) return null
      await rm(file, { force: true })
      return into(key, createWriteStream(file, { flags: 'wx' }))
    },
    async *list(prefix) {
      requirePrefix(prefix)
      const { branch, gathered } = await open()
      for (const file of gathered.paths(branch.files))
        if (file.startsWith(`${folder}${prefix}`)) yield file.slice(folder.length)
    },
    async create(key, body) {
      return (await write(key, body, null, 'fixed')) === null ? 'exists' : 'created'
    },
    replace: (key, body, version) => write(key, body, version, 'moving'),
    async remove(key, version) {
      const { branch, gathered, file, blob } = await blobOf(key)
      if (blob !== version) return false
      gathered.put(file, null, 'moving', branch.files)
      return true
    },
    hold,
    flush,
    async close() {
      const last = await opened?.catch(() => null)
      if (last != null) await dropHeld(last.branch)
      await forget()
    }
  }
}

function collision(where: string, key: string): TagproofError {
  return new TagproofError('upload-refused', `${key} is a file and a folder at once.`, {
    where,
    fix: 'Move away what is there, or correct the template in the configuration that makes this name.'
  })
}

function tooLarge(where: string, key: string, size: number, maximumBytes: number): TagproofError {
  return new TagproofError('index-answer', `${key} in the store is too large to be what it should be.`, {
    where,
    found: `${size} bytes`,
    expected: `at most ${maximumBytes} bytes`
  })
}
