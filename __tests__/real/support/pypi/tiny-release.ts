import { createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import type { ReleaseArtifact } from '../../../../src/documents/release.ts'
import type { Upload } from '../../../../src/documents/uploads.ts'
import { readDistribution } from '../../../../src/targets/python/distribution.ts'
import { inUploadOrder, uploadOf } from '../../../../src/targets/python/uploads.ts'
import { forgeZip, tarMember, tarOf } from '../../../unit/formats/forge.ts'
import { provenArtifact } from '../../../support/proven-artifact.ts'

/** A folder with one sdist and two wheels of a few hundred bytes, and what prove would have written of them. */
export interface TinyRelease {
  project: string
  version: string
  folder: string
  uploads: readonly Upload[]
  artifacts: readonly ReleaseArtifact[]
  /** The same in short. */
  files: readonly { name: string; sha256: string }[]
  /** By file name. */
  bytes: ReadonlyMap<string, Buffer>
  remove: () => Promise<void>
}

export interface TinyOptions {
  project?: string
  version?: string
  /** Differs from release to release where the bytes shall. */
  text?: string
  wheels?: readonly string[]
}

export async function makeTinyRelease(options: TinyOptions = {}): Promise<TinyRelease> {
  const { project = 'tiny-demo', version = '1.0', text = 'first', wheels = ['py3', 'py30'] } = options
  const folder = await mkdtemp(path.join(tmpdir(), 'tagproof-tiny-'))
  const stem = `${project.replaceAll('-', '_')}-${version}`
  const bytes = new Map<string, Buffer>(wheels.map((tag) => [`${stem}-${tag}-none-any.whl`, wheel(tag)]))
  bytes.set(`${stem}.tar.gz`, sdist())
  const distributions = []
  for (const [name, content] of bytes) {
    await writeFile(path.join(folder, name), content)
    const kind = name.endsWith('.whl') ? 'wheel' : 'sdist'
    distributions.push(uploadOf(await readDistribution(path.join(folder, name), kind, name)))
  }
  const uploads = inUploadOrder(distributions)
  return {
    project,
    version,
    folder,
    uploads,
    artifacts: uploads.map(artifactOf),
    files: uploads.map(({ name, sha256: hash }) => ({ name, sha256: hash })),
    bytes,
    remove: () => rm(folder, { recursive: true, force: true })
  }

  function metadata(): string {
    return `Metadata-Version: 2.4\nName: ${project}\nVersion: ${version}\nSummary: ${text}\nRequires-Python: >=3.8\n\nText.\n`
  }

  function wheel(tag: string): Buffer {
    const files = {
      [`${stem.split('-')[0] ?? ''}.py`]: `TEXT = "${text}"\n`,
      [`${stem}.dist-info/METADATA`]: metadata(),
      [`${stem}.dist-info/WHEEL`]: `Wheel-Version: 1.0\nGenerator: tiny\nRoot-Is-Purelib: true\nTag: ${tag}-none-any\n`
    }
    const lines = Object.entries(files).map(
      ([name, content]) => `${name},sha256=${sha256(content, 'base64url')},${content.length}\n`
    )
    const record = `${stem}.dist-info/RECORD`
    const all = { ...files, [record]: `${lines.join('')}${record},,\n` }
    return forgeZip(Object.entries(all).map(([name, content]) => ({ name, content: Buffer.from(content) })))
  }

  function sdist(): Buffer {
    const members = [tarMember(`${stem}/PKG-INFO`, metadata()), tarMember(`${stem}/pyproject.toml`, '')]
    return gzipSync(tarOf(...members))
  }
}

function artifactOf({ name, filetype, version, size, sha256: hash }: Upload): ReleaseArtifact {
  return provenArtifact({
    target: 'python',
    kind: filetype === 'sdist' ? 'sdist' : 'wheel',
    name,
    version,
    size,
    sha256: hash
  })
}

function sha256(content: string, encoding: 'hex' | 'base64url'): string {
  return createHash('sha256').update(content).digest(encoding)
}
