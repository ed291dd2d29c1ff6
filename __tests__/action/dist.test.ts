import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { execFileSync, spawnSync } from 'node:child_process'
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { repositoryRoot } from './harness/language.ts'

let folder: string

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'tagproof-dist-test-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A checkout of the sources in another folder, with the packages of this one. */
function checkout(name: string): string {
  const root = path.join(folder, name)
  mkdirSync(root, { recursive: true })
  for (const part of ['src', 'scripts', 'package.json', 'tsconfig.json'])
    cpSync(path.join(repositoryRoot, part), path.join(root, part), { recursive: true })
  symlinkSync(path.join(repositoryRoot, 'node_modules'), path.join(root, 'node_modules'))
  return root
}

function build(root: string, cwd: string): Record<string, string> {
  execFileSync(process.execPath, [path.join(root, 'scripts/build.mjs')], { cwd })
  const dist = path.join(root, 'dist')
  return Object.fromEntries(
    readdirSync(dist).map((name) => [name, readFileSync(path.join(dist, name), 'utf8')])
  )
}

const checkDist = (root: string): { status: number | null; stderr: string } =>
  spawnSync(process.execPath, [path.join(root, 'scripts/check-dist.mjs')], { encoding: 'utf8' })

describe('the bundle', () => {
  it('is the same, byte for byte, from two folders and two current folders, and names neither', () => {
    const first = checkout('first')
    const second = checkout('another/and deeper')
    const a = build(first, first)
    const b = build(second, '/')
    expect(Object.keys(a).sort()).toEqual([
      'action.cjs',
      'artifacts.cjs',
      'cli.cjs',
      'licenses.txt',
      'post.cjs',
      'signing.cjs',
      'tagproof.cjs'
    ])
    expect(Object.keys(b).sort()).toEqual(Object.keys(a).sort())
    for (const [name, text] of Object.entries(a)) {
      expect(b[name] === text).toBe(true)
      expect(text.includes(folder) || text.includes(repositoryRoot)).toBe(false)
    }
  })

  it('names each bundled package with its licence', () => {
    const licenses = readFileSync(path.join(folder, 'first/dist/licenses.txt'), 'utf8')
    for (const name of ['@actions/core', 'yaml', 'zod', 'fflate', 'commander'])
      expect(licenses).toMatch(new RegExp(`^${name} \\d+\\.\\d+\\.\\d+ \\((MIT|ISC|Apache-2.0)\\)$`, 'm'))
  })

  it('keeps the artifact client and what is under it out of the engine, and leaves out what opens archives', () => {
    const text = (name: string): string => readFileSync(path.join(folder, 'first/dist', name), 'utf8')
    expect(text('tagproof.cjs')).not.toMatch(/node_modules\/(@azure|@octokit|@actions\/(artifact|github))\//)
    expect(text('artifacts.cjs')).toContain('node_modules/@actions/artifact/')
    expect(text('artifacts.cjs')).not.toMatch(/node_modules\/(archiver|unzip-stream|binary)\//)
  })

  it('keeps the signing clients out of the engine too', () => {
    const text = (name: string): string => readFileSync(path.join(folder, 'first/dist', name), 'utf8')
    const clients = /node_modules\/(@sigstore|tuf-js|make-fetch-happen|cacache)\//
    expect(text('tagproof.cjs')).not.toMatch(clients)
    expect(text('signing.cjs')).toMatch(clients)
    expect(text('signing.cjs')).not.toMatch(/node_modules\/(@actions|@azure)\//)
  })

  it('is checked against what was committed, and what differs is listed', () => {
    const root = path.join(folder, 'first')
    expect(checkDist(root)).toMatchObject({ status: 0 })
    appendFileSync(path.join(root, 'dist/tagproof.cjs'), '// planted\n')
    appendFileSync(path.join(root, 'dist/extra.cjs'), '// planted\n')
    rmSync(path.join(root, 'dist/post.cjs'))
    const { status, stderr } = checkDist(root)
    expect(status).toBe(1)
    expect(stderr).toContain('extra.cjs: no build makes it')
    expect(stderr).toContain('post.cjs: missing')
    expect(stderr).toMatch(/tagproof\.cjs: differs, first at line \d+\n {2}found {5}\/\/ planted/)
  })
})
