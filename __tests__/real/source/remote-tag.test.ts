import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { readFile } from 'node:fs/promises'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { requireTagOnServer } from '../../../src/source/remote-tag.ts'
import { openRepository } from '../../../src/source/repository.ts'
import { resolveTag } from '../../../src/source/tag.ts'
import type { TagRef } from '../../../src/documents/fields.ts'
import { makeProject, type GitProject } from './git-project.ts'

/** A server that speaks git's plain protocol, and keeps what it was asked with. */
describe('what a tag names on the server', () => {
  let project: GitProject
  let server: http.Server
  let url = ''
  let tags: Record<'annotated' | 'lightweight', TagRef>
  const asked: (string | undefined)[] = []

  beforeAll(async () => {
    project = await makeProject({ 'README.md': 'A\n' })
    await project.git('tag', 'light')
    await project.git('tag', '-a', '-m', 'A release', 'v1.0')
    const repository = await openRepository(project.folder)
    tags = {
      annotated: await resolveTag(repository, 'v1.0'),
      lightweight: await resolveTag(repository, 'light')
    }
    await repository.close()
    await project.git('update-server-info')
    server = http.createServer((request, response) => {
      asked.push(request.headers.authorization)
      const name = new URL(request.url ?? '/', 'http://server').pathname
      readFile(path.join(project.folder, '.git', name)).then(
        (bytes) => response.writeHead(200).end(bytes),
        () => response.writeHead(404).end()
      )
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  afterAll(async () => {
    server.close()
    await project.remove()
  })
  const ask = (tag: TagRef, token?: string): Promise<void> =>
    requireTagOnServer({ tag, url, token, environment: {} })

  it('is what was planned, of either kind, and of one that a checkout has flattened', async () => {
    await ask(tags.annotated)
    await ask(tags.lightweight)
    await ask({ ...tags.annotated, kind: 'lightweight', object: tags.annotated.commit })
    expect(asked.every((header) => header === undefined)).toBe(true)
  })

  it('is asked with the token of the job where there is one', async () => {
    await ask(tags.annotated, 'ghs_token')
    expect(asked.at(-1)).toBe(`basic ${Buffer.from('x-access-token:ghs_token').toString('base64')}`)
  })

  it('has moved if commit or tag object is another, or if it is gone', async () => {
    for (const moved of [
      { ...tags.annotated, commit: 'a'.repeat(40) as TagRef['commit'] },
      { ...tags.annotated, object: 'b'.repeat(40) as TagRef['object'] },
      { ...tags.annotated, name: 'v2.0' }
    ])
      await expect(ask(moved)).rejects.toMatchObject({ code: 'tag-moved' })
  })

  it('cannot be had of a server that does not answer, nor by another protocol', async () => {
    const request = { tag: tags.annotated, token: undefined, environment: {} }
    for (const bad of ['http://127.0.0.1:9/x', `file://${project.folder}`, 'ext::sh -c true'])
      await expect(requireTagOnServer({ ...request, url: bad })).rejects.toMatchObject({ code: 'network' })
  })
})
