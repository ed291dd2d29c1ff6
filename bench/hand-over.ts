import { randomBytes } from 'node:crypto'
import { mkdir, open, readFile, readdir, rm } from 'node:fs/promises'
import path from 'node:path'
import { Services } from '../__tests__/action/harness/run-services.ts'
import { hashFile } from '../src/platform/files.ts'
import type { ArtifactAnswer, ArtifactRequest } from '../src/platform/artifacts/client.ts'
import { inTurn, timed, type Figure } from './measure.ts'
import { rounds } from './projects.ts'

const mebibytes = Number(process.env.TAGPROOF_BENCH_HANDOVER_MEBIBYTES ?? 500)

/**
 * What a job hands over, and the next one takes: 500 MiB through GitHub's artifact client and the service of the tests, which keeps
 * the rules of the real one. Against a plain upload and download by curl from the same service, each file hashed once as well. The
 * network is the loopback: the figure is what the client adds, not what a network takes.
 */
export async function* handOver(folder: string): AsyncIterable<Figure> {
  const room = path.join(folder, 'hand-over')
  await mkdir(room, { recursive: true })
  const file = path.join(room, 'parcel.tar')
  await writeNoise(file)
  const services = await Services.start(room)
  try {
    const bench = new HandOver(services, room, file)
    const { first, second } = await inTurn(
      rounds,
      () => bench.byClient(),
      () => bench.byCurl()
    )
    yield {
      name: `hand-over of ${mebibytes} MiB by the artifact client, against plain HTTP`,
      value: first / second,
      goal: null,
      detail: `up and down ${first.toFixed(1)} s against ${second.toFixed(1)} s, hashes in both`
    }
    yield {
      name: 'hand-over, peak memory of the artifact client / 256 MiB',
      value: bench.peakMib / 256,
      goal: 1,
      detail: `${bench.peakMib.toFixed(0)} MiB`
    }
  } finally {
    services.stop()
    await rm(room, { recursive: true, force: true })
  }
}

class HandOver {
  peakMib = 0
  private round = 0
  private readonly services: Services
  private readonly room: string
  private readonly file: string

  constructor(services: Services, room: string, file: string) {
    this.services = services
    this.room = room
    this.file = file
  }

  /** Each round is a run of its own, in which the name is free. */
  async byClient(): Promise<number> {
    this.round += 1
    const claims = { scp: `Actions.Results:bench-${this.round}:job`, permissions: {} }
    const environment = {
      PATH: process.env.PATH ?? '',
      ACTIONS_RUNTIME_TOKEN: `h.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.s`,
      ACTIONS_RESULTS_URL: this.services.url,
      GITHUB_SERVER_URL: this.services.serverUrl,
      TMPDIR: this.room
    }
    const put = await this.ask({ do: 'put', file: this.file }, environment)
    const listed = await this.ask({ do: 'list' }, environment)
    const [stored] = 'artifacts' in listed.answer ? listed.answer.artifacts : []
    if (stored === undefined) throw new Error(`nothing was stored: ${JSON.stringify([put, listed])}`)
    const down = path.join(this.room, 'down')
    await mkdir(down)
    const got = await this.ask({ do: 'get', id: stored.id, folder: down }, environment)
    const since = performance.now()
    const [name = ''] = await readdir(down)
    const { sha256 } = await hashFile(path.join(down, name))
    const hashing = (performance.now() - since) / 1000
    if (stored.digest !== `sha256:${sha256}`) throw new Error('other bytes came back')
    await rm(down, { recursive: true })
    await this.services.forget(`bench-${this.round}`)
    return put.seconds + listed.seconds + got.seconds + hashing
  }

  async byCurl(): Promise<number> {
    await this.services.add('plain', 'plain', 'x')
    const id = (await this.services.artifacts()).find(({ name }) => name === 'plain')?.id ?? 0
    const url = `${this.services.url}/blob/${id}`
    const down = path.join(this.room, 'plain')
    const up = await this.wrapped(['curl', '-sSf', '-T', this.file, url])
    const got = await this.wrapped(['curl', '-sSf', '-o', down, url])
    const hashed = await timed('sha256sum', [this.file, down])
    await rm(down)
    await this.services.forget('plain')
    return up.seconds + got.seconds + hashed.seconds
  }

  private async ask(
    request: ArtifactRequest,
    environment: Record<string, string>
  ): Promise<{ seconds: number; answer: ArtifactAnswer }> {
    const answer = path.join(this.room, 'answer.json')
    const program = path.resolve('dist/artifacts.cjs')
    const { seconds, peakMib } = await this.wrapped(
      [process.execPath, program, JSON.stringify(request), answer],
      environment
    )
    this.peakMib = Math.max(this.peakMib, peakMib)
    return { seconds, answer: JSON.parse(await readFile(answer, 'utf8')) as ArtifactAnswer }
  }

  /** In the network of the service. */
  private wrapped(
    argv: readonly [string, ...string[]],
    environment: Record<string, string> = { PATH: process.env.PATH ?? '' }
  ): Promise<{ seconds: number; peakMib: number }> {
    const [command, ...args] = this.services.wrap('bench', argv, environment)
    return timed(command, args, { env: environment })
  }
}

/** Bytes that do not compress, as packages are. */
async function writeNoise(file: string): Promise<void> {
  const handle = await open(file, 'w')
  for (let written = 0; written < mebibytes; written += 10) await handle.write(randomBytes(10 * 1024 * 1024))
  await handle.close()
}
