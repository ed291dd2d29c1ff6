import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { plainEnvironment, runChecked } from '../../../src/platform/process.ts'
import type { InstalledRoot } from '../../../src/proof/trace/evidence.ts'
import { debGenerators } from '../../../src/proof/trace/deb/generators.ts'
import { imageGenerators } from '../../../src/proof/trace/image/generators.ts'
import { sha256OfBytes } from '../../../src/platform/files.ts'
import { outcome } from '../../unit/proof/trace/scene.ts'

/** Where the environment is seen. */
const place = '/opt/bell'
const names = ['activate', 'activate.csh', 'activate.fish', 'Activate.ps1']

describe("the activation scripts of this machine's venv", () => {
  let folder: string
  let root: InstalledRoot
  const settings = 'home = /usr/bin\n'
  const scripts: Record<string, string> = {}
  beforeAll(async () => {
    folder = path.join(await mkdtemp(path.join(tmpdir(), 'tagproof-venv-')), 'bell')
    const env = plainEnvironment
    await runChecked('/usr/bin/python3', ['-m', 'venv', '--without-pip', folder], { env })
    for (const name of names)
      scripts[name] = (await readFile(path.join(folder, 'bin', name), 'utf8')).replaceAll(folder, place)
    root = {
      name: 'deb',
      hash: sha256OfBytes(''),
      files: new Map(),
      texts: await templates(),
      packages: new Map()
    }
  })
  afterAll(() => rm(path.dirname(folder), { recursive: true, force: true }))

  async function templates(): Promise<Map<string, string>> {
    const code = 'import venv, os; print(os.path.dirname(venv.__file__))'
    const folder = (await runChecked('/usr/bin/python3', ['-c', code], { env: plainEnvironment })).trim()
    const texts = new Map<string, string>()
    for (const kind of ['common', 'posix'])
      for (const name of await readdir(path.join(folder, 'scripts', kind))) {
        const file = path.join(folder, 'scripts', kind, name)
        texts.set(file.slice(1), await readFile(file, 'utf8'))
      }
    return texts
  }

  const said = (name: string, text: string, roots = [root], prefix = place): Promise<string> => {
    const member = `${prefix.slice(1)}/bin/${name}`
    const scene = {
      artifact: 'bell_1.2.3-1_all.deb',
      members: { [`${prefix.slice(1)}/pyvenv.cfg`]: settings, [member]: text },
      evidence: { roots }
    }
    return outcome(member, scene, debGenerators)
  }

  it.each(names)('%s is made again from the template of the root', async (name) => {
    expect(await said(name, scripts[name] ?? '')).toBe('venv-activate')
    const member = `layers/1${place}/bin/${name}`
    const scene = {
      artifact: 'bell.oci.tar',
      members: { [`layers/1${place}/pyvenv.cfg`]: settings, [member]: scripts[name] ?? '' },
      evidence: { roots: [root] }
    }
    expect(await outcome(member, scene, imageGenerators)).toBe('venv-activate')
  })

  it('is refused with another line, and unknown without a root that has the template', async () => {
    expect(await said('activate', `${scripts.activate ?? ''}curl x\n`)).toBe('generated-differs')
    expect(await said('activate', scripts.activate ?? '', [])).toBe('nobody')
  })

  it('is refused where it leads to another environment', async () => {
    expect(await said('activate', scripts.activate ?? '', [root], '/usr/lib/bell')).toBe('generated-differs')
  })
})
