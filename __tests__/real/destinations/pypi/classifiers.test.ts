import { describe, expect, it } from '@jest/globals'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { requireKnownClassifiers } from '../../../../src/destinations/pypi/classifiers.ts'
import type { IndexService } from '../../../../src/destinations/pypi/services.ts'
import { createHttpClient } from '../../../../src/platform/http.ts'

const list = 'Framework :: Herald\nTyping :: Typed'

/** Asks a server that gives out a list, or answers 404 (null); tells what it was asked. */
async function ask(
  classifiers: readonly string[],
  body: string | null = list,
  kind: IndexService['kind'] = 'pypi'
): Promise<string[]> {
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(request.url ?? '')
    response.statusCode = body === null ? 404 : 200
    response.end(body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const jsonUrl = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
  const service: IndexService = { name: 'index', kind, uploadUrl: jsonUrl, simpleUrl: jsonUrl, jsonUrl }
  const http = createHttpClient()
  try {
    const fields = classifiers.map((value): [string, string] => ['classifiers', value])
    await requireKnownClassifiers([{ fields }], { service, http })
    return asked
  } finally {
    http.close()
    await new Promise((resolve) => server.close(resolve))
  }
}

describe('classifiers before an upload', () => {
  it('are taken from the list of the index, which may be younger than ours', async () => {
    expect(await ask(['Framework :: Herald', 'Typing :: Typed'])).toEqual(['/pypi?:action=list_classifiers'])
  })

  it('are refused where the index does not have them, although our list does', async () => {
    await expect(ask(['Programming Language :: Python'])).rejects.toMatchObject({
      code: 'project-refused',
      detail: { found: '"Programming Language :: Python"' }
    })
  })

  it('are judged by our list where the index gives out none', async () => {
    await expect(ask(['Programming Language :: Python'], null)).resolves.toHaveLength(1)
    await expect(ask(['Framework :: Herald'], null)).rejects.toMatchObject({ code: 'project-refused' })
  })

  it('are not asked for where there are none, or the index is of another kind', async () => {
    expect(await ask([])).toEqual([])
    expect(await ask(['Framework :: Herald'], list, 'other')).toEqual([])
  })
})
