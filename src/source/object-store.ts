import { PassThrough } from 'node:stream'
import { objectId, type ObjectId } from '../documents/identifiers.ts'
import { TagproofError } from '../platform/errors.ts'
import { lastLines, run, type Environment, type RunResult } from '../platform/process.ts'
import { ChunkReader } from './chunk-reader.ts'
import type { ObjectType } from './objects.ts'

export interface ObjectHeader {
  id: ObjectId
  type: ObjectType
  size: number
}

export interface StreamedObject extends ObjectHeader {
  /** Unchecked bytes. They must be read to the end before the next object. */
  content: AsyncIterable<Buffer>
}

/** How many requests go ahead of the answers: git then never waits for us. */
const requestsAhead = 64
const longestHeader = 200
const largestChunk = 1 << 16

/** One running `git cat-file --batch-command`: objects by name, one conversation at a time. */
export class ObjectStore {
  private readonly requests = new PassThrough()
  private readonly output = new PassThrough({ highWaterMark: 1 << 20 })
  private readonly answers: ChunkReader
  private readonly abort = new AbortController()
  private readonly ended: Promise<RunResult | Error>
  private turn: Promise<void> = Promise.resolve()
  private busy = false
  /** Whether the last object was read to its end. */
  private whole = true
  private broken = false

  constructor(environment: Environment) {
    this.output.on('error', () => undefined)
    this.answers = new ChunkReader(this.output)
    this.ended = run('git', ['cat-file', '--batch-command'], {
      env: environment,
      stdin: this.requests,
      stdoutTo: this.output,
      keepBytes: 1 << 16,
      signal: this.abort.signal
    }).catch((error: unknown) => {
      // The answer to a dead process is the end of its stream.
      this.output.end()
      return error as Error
    })
  }

  /** Type and size of each object, undefined for one that is not there. */
  async headers(ids: readonly ObjectId[]): Promise<(ObjectHeader | undefined)[]> {
    const release = await this.takeTurn()
    try {
      const found: (ObjectHeader | undefined)[] = []
      for (let sent = 0; found.length < ids.length;) {
        for (; sent < ids.length && sent < found.length + requestsAhead; sent += 1)
          this.requests.write(`info ${ids[sent] ?? ''}\n`)
        found.push(await this.header(ids[found.length]))
      }
      return found
    } finally {
      release()
    }
  }

  /** The objects one after the other, in this order; undefined for one that is not there. */
  async *objects(ids: readonly ObjectId[]): AsyncGenerator<StreamedObject | undefined> {
    const release = await this.takeTurn()
    let answered = 0
    try {
      for (let sent = 0; answered < ids.length;) {
        for (; sent < ids.length && sent < answered + requestsAhead; sent += 1)
          this.requests.write(`contents ${ids[sent] ?? ''}\n`)
        const header = await this.header(ids[answered])
        answered += 1
        if (header === undefined) yield undefined
        else {
          this.whole = false
          const content = this.content(header.size)
          yield { ...header, content }
          while ((await content.next()).done !== true) continue
          this.checkWhole()
        }
      }
    } finally {
      // Answers that nobody will read are still in the pipe: this conversation cannot go on.
      if (answered < ids.length || !this.whole) this.broken = true
      release()
    }
  }

  /** True when a reader stopped half-way or git died; a new store is needed then. */
  get exhausted(): boolean {
    return this.broken
  }

  async close(): Promise<void> {
    this.requests.end()
    if (this.broken || this.busy) {
      this.output.destroy()
      this.abort.abort()
    }
    await this.ended
  }

  private checkWhole(): void {
    if (!this.whole) throw new TagproofError('internal', 'An object was not read to its end.')
  }

  private async takeTurn(): Promise<() => void> {
    const before = this.turn
    let release = (): void => undefined
    this.turn = new Promise((resolve) => (release = resolve))
    await before
    this.busy = true
    return () => {
      this.busy = false
      release()
    }
  }

  private async header(asked: ObjectId | undefined): Promise<ObjectHeader | undefined> {
    const line = await this.answers.line(longestHeader)
    if (line === `${asked ?? ''} missing`) return undefined
    const found = /^([0-9a-f]+) (commit|tree|blob|tag) (\d+)$/.exec(line ?? '')
    if (found?.[1] === undefined || found[1] !== asked) throw await this.died()
    return { id: objectId(found[1]), type: found[2] as ObjectType, size: Number(found[3]) }
  }

  private async *content(size: number): AsyncGenerator<Buffer> {
    for (let left = size; left > 0;) {
      const chunk = await this.answers.some(Math.min(left, largestChunk))
      if (chunk === undefined) throw await this.died()
      left -= chunk.length
      yield chunk
    }
    if ((await this.answers.some(1)) === undefined) throw await this.died()
    this.whole = true
  }

  private async died(): Promise<TagproofError> {
    this.broken = true
    this.requests.end()
    this.output.resume()
    const result = await this.ended
    if (result instanceof TagproofError) return result
    const output = result instanceof Error ? result.message : lastLines(result.stderr.toString('utf8'), 10)
    return new TagproofError('object-corrupt', 'git cannot read an object of this repository.', {
      output,
      fix: 'The repository is damaged. Run git fsck, then clone the project again.'
    })
  }
}
