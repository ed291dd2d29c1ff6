import { describe, expect, it } from '@jest/globals'
import type { BuildEvidence } from '../../../../src/proof/trace/generator.ts'
import { isPlainSetup } from '../../../../src/proof/trace/metadata/from-setuptools.ts'
import { metadataGenerators } from '../../../../src/proof/trace/metadata/generators.ts'
import { asked, outcome, type Scene } from './scene.ts'

const place = 'demo-1.2.3.dist-info/METADATA'
const points = 'demo-1.2.3.dist-info/entry_points.txt'
const metadata = `Metadata-Version: 2.1
Name: demo
Version: 1.2.3
Summary: A demo
Requires-Dist: attrs
`
const entryPoints = '[console_scripts]\ndemo = demo.cli:main\n'
const script =
  'from setuptools import setup\nsetup(name="demo", install_requires=["attrs"], scripts=["demo.cli:main"])\n'

const scene = (build: Partial<BuildEvidence> | null, members: Record<string, string>): Scene => ({
  tree: { 'setup.py': script },
  members,
  build
})
const prepared = (files: Record<string, string>): Partial<BuildEvidence> => ({
  preparedMetadata: new Map(Object.entries(files).map(([name, text]) => [name, Buffer.from(text)]))
})

describe('what setup.py says', () => {
  it('is confirmed by what the backend prepares, whatever the order and spelling', async () => {
    const other = metadata.replace('Summary: A demo\n', '').replace('attrs', 'Attrs') + 'Summary: A demo\n'
    const said = await asked(
      place,
      scene(prepared({ METADATA: other }), { [place]: metadata }),
      metadataGenerators
    )
    expect(said?.verdict).toMatchObject({
      traced: true,
      from: ['setup.py'],
      reason: expect.stringContaining(
        'confirmed by the backend in a run of its own: Name, Summary, Requires-Dist'
      )
    })
  })

  it.each([
    ['has one more requirement', metadata + 'Requires-Dist: evil\n', 'Requires-Dist "evil" is added'],
    [
      'lacks a requirement',
      metadata.replace('Requires-Dist: attrs\n', ''),
      'Requires-Dist "attrs" is missing'
    ],
    ['has another summary', metadata.replace('A demo', 'Evil'), 'Summary "Evil" is added'],
    ['has a description', `${metadata}\nEvil\n`, 'Description "Evil" is added'],
    [
      'has a home page',
      `${metadata}Home-page: https://evil.invalid/\n`,
      'Home-page "https://evil.invalid/" is added'
    ]
  ])('is refused where the wheel %s', async (_, changed, message) => {
    const said = await asked(
      place,
      scene(prepared({ METADATA: metadata }), { [place]: changed }),
      metadataGenerators
    )
    expect(said?.verdict).toMatchObject({
      code: 'metadata-unconfirmed',
      message: expect.stringContaining(message)
    })
    // With that check off, nothing else would see it.
    expect(
      await outcome(place, scene({ preparedMetadata: null }, { [place]: changed }), metadataGenerators)
    ).toBe('core-metadata')
  })

  it('is refused where the backend prepares nothing that both worlds agree on', async () => {
    expect(await outcome(place, scene(prepared({}), { [place]: metadata }), metadataGenerators)).toBe(
      'metadata-unconfirmed'
    )
  })

  it('is refused where the worlds do not agree', async () => {
    const build = { ...prepared({ METADATA: metadata }), reproduced: () => false }
    expect(await outcome(place, scene(build, { [place]: metadata }), metadataGenerators)).toBe(
      'metadata-unconfirmed'
    )
  })

  it('is accepted with a reason that names it, where there was no build', async () => {
    const said = await asked(place, scene(null, { [place]: metadata }), metadataGenerators)
    expect(said?.verdict).toMatchObject({
      traced: true,
      reason: 'said by code and not confirmed, as there is no build: Name, Summary, Requires-Dist'
    })
  })

  it('is a finding without a build where a requirement or command is written nowhere', async () => {
    const more = scene(null, {
      [place]: `${metadata}Requires-Dist: evil\n`,
      [points]: entryPoints.replace('cli', 'evil')
    })
    expect(await outcome(place, more, metadataGenerators)).toBe('metadata-undeclared')
    expect(await outcome(points, more, metadataGenerators)).toBe('entry-point-undeclared')
    const honest = scene(null, { [points]: entryPoints })
    expect(await outcome(points, honest, metadataGenerators)).toBe('entry-points')
  })

  it('confirms entry points as well', async () => {
    const evidence = prepared({ METADATA: metadata, 'entry_points.txt': entryPoints.replace(' = ', '=') })
    expect(await outcome(points, scene(evidence, { [points]: entryPoints }), metadataGenerators)).toBe(
      'entry-points'
    )
    const evil = `${entryPoints}evil = demo.cli:main\n`
    expect(await outcome(points, scene(evidence, { [points]: evil }), metadataGenerators)).toBe(
      'metadata-unconfirmed'
    )
    expect(
      await outcome(points, scene(evidence, { [points]: '[console_scripts]\n' }), metadataGenerators)
    ).toBe('metadata-unconfirmed')
  })
})

describe('a field that [project] calls dynamic', () => {
  const tree = {
    'pyproject.toml':
      '[build-system]\nbuild-backend = "setuptools.build_meta"\n[project]\nname = "demo"\ndynamic = ["version", "dependencies"]\ndescription = "A demo"\n[tool.setuptools.dynamic]\ndependencies = { file = ["requirements.txt"] }\n',
    'requirements.txt': 'attrs # for classes\n'
  }
  const dynamic = (text: string): Scene => ({
    tree,
    members: { [place]: text },
    build: prepared({ METADATA: text })
  })

  it('follows from the file that it is read from, and needs no confirmation', async () => {
    const said = await asked(place, dynamic(metadata), metadataGenerators)
    expect(said?.verdict).toEqual({ traced: true, from: ['pyproject.toml', 'requirements.txt'] })
  })

  it('is a finding where it does not, even if the backend says so', async () => {
    expect(await outcome(place, dynamic(`${metadata}Requires-Dist: evil\n`), metadataGenerators)).toBe(
      'metadata-undeclared'
    )
  })

  it('is the only one that code may give', async () => {
    const code = { 'pyproject.toml': tree['pyproject.toml'].replace(/\[tool[^]*/, '') }
    const evil = (text: string): Scene => ({
      tree: code,
      members: { [place]: text },
      build: prepared({ METADATA: text })
    })
    expect(await outcome(place, evil(metadata), metadataGenerators)).toBe('core-metadata')
    expect(
      await outcome(place, evil(`${metadata}Home-page: https://evil.invalid/\n`), metadataGenerators)
    ).toBe('metadata-undeclared')
    expect(
      await outcome(place, evil(`${metadata}Requires-Dist: evil; extra == "x"\n`), metadataGenerators)
    ).toBe('metadata-undeclared')
  })
})

describe('setup.cfg', () => {
  const config = '[metadata]\nname = demo\ndescription = A demo\n[options]\ninstall_requires = attrs\n'
  const evil = `${metadata}Requires-Dist: evil\n`
  const of = (setup: string): Scene => ({
    tree: { 'setup.cfg': config, 'setup.py': setup },
    members: { [place]: evil },
    build: prepared({ METADATA: evil })
  })

  it('is the last word beside a setup.py that says nothing, and not beside one with code', async () => {
    expect(await outcome(place, of('import setuptools\nsetuptools.setup()\n'), metadataGenerators)).toBe(
      'metadata-undeclared'
    )
    expect(
      await outcome(
        place,
        of('from setuptools import setup\nsetup(install_requires=["attrs", "evil"])\n'),
        metadataGenerators
      )
    ).toBe('core-metadata')
  })

  it.each([
    ['from setuptools import setup\nif __name__ == "__main__":\n    setup()\n', true],
    ['#!/usr/bin/python3\n"""Text."""\nimport setuptools\n\nsetuptools.setup( )  # all\n', true],
    ['from setuptools import setup\nsetup(name="x")\n', false],
    ['from setuptools import setup\nimport evil\nsetup()\n', false],
    ['from setuptools import setup\nsetup(); exec("evil")\n', false],
    ['"""a""" + exec("evil")\n', false]
  ])('%j says nothing: %s', (text, plain) => expect(isPlainSetup(text)).toBe(plain))
})
