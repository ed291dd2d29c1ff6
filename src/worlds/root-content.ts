import { PassThrough } from 'node:stream'
import { readTar, type TarEntry } from '../formats/tar/reader.ts'
import { settleAll } from '../platform/concurrency.ts'
import { TagproofError } from '../platform/errors.ts'
import { privileged } from '../platform/privilege.ts'
import { requireRights } from '../platform/rights.ts'
import { describeEnd, lastLines, plainEnvironment, run } from '../platform/process.ts'

/**
 * Reads all that lies in a root, sorted by name, with numeric owners; devices and pipes are left out, and so is the library
 * that makes clocks late. Only root can read all of it, so tar does.
 *
 * @param folder where the root lies
 * @param use reads the entries one after the other, to the last
 * @throws TagproofError `sandbox-unavailable` where the root cannot be read; `privilege-missing`, `cancelled`
 */
export async function readRoot<T>(
  folder: string,
  signal: AbortSignal | undefined,
  use: (entries: AsyncIterable<TarEntry>) => Promise<T>
): Promise<T> {
  await requireRights()
  const { command, args } = privileged('tar', [
    ...['--create', `--directory=${folder}`, '--one-file-system', '--sort=name', '--format=gnu'],
    ...['--numeric-owner', '--exclude=./usr/lib/tagproof', '.']
  ])
  const stream = new PassThrough({ highWaterMark: 1 << 20 })
  const reading = run(command, args, {
    env: plainEnvironment,
    stdoutTo: stream,
    ...(signal === undefined ? {} : { signal })
  }).then((result) => {
    if (result.code === 0) return
    throw new TagproofError('sandbox-unavailable', 'The root cannot be read.', {
      found: describeEnd(result),
      output: lastLines(result.stderr.toString('utf8'), 10),
      fix: 'Needed are root or sudo, as for making the root.'
    })
  })
  const using = use(entriesOf(stream)).catch((error: unknown) => {
    stream.destroy()
    throw error
  })
  await settleAll<unknown>([reading, using])
  return using
}

async function* entriesOf(stream: PassThrough): AsyncGenerator<TarEntry> {
  for await (const entry of readTar(stream, { twins: 'accept' }))
    if (entry.kind !== 'device' && entry.kind !== 'fifo') yield entry
}
