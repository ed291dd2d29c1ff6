import { randomUUID } from 'node:crypto'
import { mkdir, rename, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { sha256 as asSha256 } from '../../../src/documents/identifiers.ts'
import { offers } from '../../../src/lock/index-files.ts'
import { readNetrc } from '../../../src/lock/netrc.ts'
import { readPipConfiguration } from '../../../src/lock/pip-configuration.ts'
import { downloadFile } from '../../../src/platform/download.ts'
import { createHttpClient } from '../../../src/platform/http.ts'
import { testCache } from '../support/root.ts'

/** Small files of many build backends, with all that metadata may hold. */
const published: Record<string, readonly string[]> = {
  'flit-core': ['flit_core-3.12.0.tar.gz', 'flit_core-3.12.0-py3-none-any.whl'],
  hatchling: ['hatchling-1.27.0-py3-none-any.whl'],
  packaging: ['packaging-25.0.tar.gz', 'packaging-25.0-py3-none-any.whl'],
  'pdm-backend': ['pdm_backend-2.4.5-py3-none-any.whl'],
  'poetry-core': ['poetry_core-2.1.3.tar.gz'],
  'setuptools-scm': ['setuptools_scm-8.3.1.tar.gz', 'setuptools_scm-8.3.1-py3-none-any.whl'],
  markupsafe: ['markupsafe-3.0.2.tar.gz', 'MarkupSafe-3.0.2-cp312-cp312-win_amd64.whl'],
  six: ['six-1.17.0.tar.gz', 'six-1.17.0-py2.py3-none-any.whl'],
  attrs: ['attrs-25.3.0-py3-none-any.whl'],
  ckanapi: ['ckanapi-4.8-py3-none-any.whl', 'ckanapi-4.8.tar.gz']
}

/** Their places; they are fetched from the index that pip is set up for, once per machine. */
export async function publishedFiles(): Promise<string[]> {
  const client = createHttpClient()
  try {
    const configuration = await readPipConfiguration()
    const access = { configuration, netrc: await readNetrc(process.env), client }
    const places: string[] = []
    for (const [project, names] of Object.entries(published)) {
      const missing = await Promise.all(
        names.map(async (name) => ((await isThere(placeOf(name))) ? [] : [name]))
      )
      const offered = missing.flat().length === 0 ? [] : await offers(project, access)
      for (const name of missing.flat()) {
        const one = offered.find(({ file }) => file === name)
        if (one?.sha256 == null || one.size === null) continue
        const partial = `${placeOf(name)}.${randomUUID()}`
        await mkdir(path.dirname(partial), { recursive: true })
        await downloadFile(client, one.url, partial, { size: one.size, sha256: asSha256(one.sha256) }).catch(
          async (error: unknown) => {
            await rm(partial, { force: true })
            throw error
          }
        )
        await rename(partial, placeOf(name))
      }
      for (const name of names) if (await isThere(placeOf(name))) places.push(placeOf(name))
    }
    return places
  } finally {
    client.close()
  }
}

function placeOf(name: string): string {
  return path.join(testCache, 'test-published', name)
}

function isThere(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false
  )
}
