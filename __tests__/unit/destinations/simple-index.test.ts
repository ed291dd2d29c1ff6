import { describe, expect, it } from '@jest/globals'
import { indexFile, projectOf, projectPages, rootPages } from '../../../src/destinations/simple-index.ts'

describe('names of files in an index', () => {
  it.each([
    ['Release_Herald-1.4.0-py3-none-any.whl', 'release-herald', '1.4.0'],
    ['zope.interface-7.0-1-cp311-cp311-linux_x86_64.whl', 'zope-interface', '7.0'],
    ['release_herald-1.4.0.tar.gz', 'release-herald', '1.4.0'],
    ['a-b-c-2.0rc1.tar.gz', 'a-b-c', '2.0rc1'],
    ['x-1.0+local.1.zip', 'x', '1.0+local.1']
  ])('%s is project %s, version %s', (file, project, version) => {
    expect(indexFile(file)).toEqual({ project, version })
  })

  it.each(['index.html', 'index.json', 'x-1.0.whl', 'x-1.0.tar.gz.part', 'noversion.tar.gz'])(
    '%s is no package',
    (file) => {
      expect(indexFile(file)).toBeNull()
      expect(() => projectOf(file)).toThrow('no sdist')
    }
  )
})

describe('pages', () => {
  const files = [{ name: 'x-1.0+a.tar.gz', sha256: 'ab'.repeat(32), size: 3 }]

  it('link files relatively, with their hash, and encode their names', () => {
    const { html, json } = projectPages('x', files)
    expect(html).toContain(`<a href="x-1.0%2Ba.tar.gz#sha256=${'ab'.repeat(32)}">x-1.0+a.tar.gz</a>`)
    expect(JSON.parse(json)).toEqual({
      meta: { 'api-version': '1.1' },
      name: 'x',
      versions: ['1.0+a'],
      files: [
        { filename: 'x-1.0+a.tar.gz', url: 'x-1.0%2Ba.tar.gz', hashes: { sha256: 'ab'.repeat(32) }, size: 3 }
      ]
    })
  })

  it('list projects sorted, and let nothing become markup', () => {
    const { html } = rootPages(['b', 'a<b>'])
    expect(html.indexOf('a&lt;b>')).toBeLessThan(html.indexOf('>b</a>'))
    expect(html).not.toContain('<b>')
  })
})
