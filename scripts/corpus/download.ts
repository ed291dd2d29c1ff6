import { mkdir, rename } from 'node:fs/promises'
import path from 'node:path'
import { offers, type IndexAccess } from '../../src/lock/index-files.ts'
import { readNetrc } from '../../src/lock/netrc.ts'
import { readPipConfiguration } from '../../src/lock/pip-configuration.ts'
import { normalisedName } from '../../src/lock/pip-report.ts'
import { downloadFile } from '../../src/platform/download.ts'
import { hashFile } from '../../src/platform/files.ts'
import { createHttpClient } from '../../src/platform/http.ts'
import type { Listed } from './list.ts'

/**
 * The path of an sdist of the list, from the machine's configured Python index, hash-checked and kept in `store`.
 */
export async function fetchSdist(listed: Listed, store: string): Promise<string> {
  await mkdir(store, { recursive: true })
  const kept = path.join(store, listed.file)
  const found = await hashFile(kept).catch(() => undefined)
  if (found?.sha256 === listed.sha256) return kept
  const client = createHttpClient()
  try {
    const access: IndexAccess = {
      configuration: await readPipConfiguration(),
      netrc: await readNetrc(process.env),
      client
    }
    const offered = await offers(normalisedName(listed.name), access)
    const place = offered.find((file) => file.file === listed.file && file.sha256 === listed.sha256)
    if (place === undefined) throw new Error(`the index has no ${listed.file} with that hash`)
    const partial = `${kept}.part`
    await downloadFile(client, place.url, partial, { size: listed.size, sha256: listed.sha256 })
    await rename(partial, kept)
    return kept
  } finally {
    client.close()
  }
}
