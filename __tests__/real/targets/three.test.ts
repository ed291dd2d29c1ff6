import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Build } from '../../../src/documents/build.ts'
import { formatDocument } from '../../../src/documents/format.ts'
import type { Lock } from '../../../src/documents/lock.ts'
import type { Plan } from '../../../src/documents/plan.ts'
import type { Finding, Proof } from '../../../src/documents/proof.ts'
import { openImage } from '../../../src/formats/oci/image.ts'
import { formatLock } from '../../../src/lock/lock-file.ts'
import { sha256OfBytes } from '../../../src/platform/files.ts'
import { readDocument } from '../../../src/documents/reading.ts'
import { openRepository } from '../../../src/source/repository.ts'
import { artifactsOf } from '../../../src/stages/attribute.ts'
import { openGround } from '../../../src/stages/base-images.ts'
import { withBuildPlaces } from '../../../src/stages/places.ts'
import { prove } from '../../../src/stages/prove.ts'
import { Questions } from '../../../src/stages/questions.ts'
import { readBuild } from '../../../src/stages/read-build.ts'
import { debRoot } from '../support/deb-root.ts'
import { tinyBase, writeBaseLayout, type TestBase } from '../support/image.ts'
import { sharedPython } from '../support/packages.ts'
import { stripped } from '../../unit/proof/stripped.ts'
import { buildRelease, makeRelease, type TestRelease } from '../support/release.ts'
import { pythonRoot } from '../support/root.ts'

const fixture = Buffer.from(Array.from({ length: 200 }, (_, index) => (index * 77) % 256))
/** Files with times in them: dh_strip_nondeterminism takes them out in world a, and finds none in noise. */
const timed = ['pic.png', 'info.zip', 'app.jar', 'named.gz']
/** What each build decodes: the payload of an attacker would stand here. */
const decoded = 'head -c 16 tests/fixture.bin'

/** One project, three kinds of package; each has what an honest build never has, if `evil`. */
function files(
  reference: string,
  layouts: string,
  evil: boolean
): Record<string, string | Buffer | { executable: string }> {
  const when = (text: string): string => (evil ? text : '')
  return {
    'pyproject.toml': `[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"

[project]
name = "victim"
version = "1.2.3"

[tool.setuptools]
packages = ["victim"]
`,
    'setup.py': `import hashlib
from setuptools import setup
data = open("tests/fixture.bin", "rb").read()
print("seen by python:", hashlib.sha256(data).hexdigest())
${when('open("victim/decoded.py", "w").write("CODE = %r\\n" % data[:16].hex())\n')}setup()
`,
    'MANIFEST.in': 'include tests/fixture.bin\n',
    'victim/__init__.py': 'ANSWER = 42\n',
    ...Object.fromEntries(
      timed.map((name) => [`data/${name}`, Buffer.from(stripped[name]?.original ?? '', 'base64')])
    ),
    'tests/fixture.bin': fixture,
    'debian/control': `Source: victim
Section: misc
Priority: optional
Maintainer: Victims <victims@example.org>
Build-Depends: debhelper-compat (= 13)
Rules-Requires-Root: no

Package: victim
Architecture: all
Depends: \${misc:Depends}
Description: something to attack
 With a file that tells the time.
`,
    'debian/changelog': `victim (1.2.3-1) unstable; urgency=low

  * First.

 -- Victims <victims@example.org>  Mon, 05 Feb 2024 10:00:00 +0000
`,
    'debian/copyright': 'Public domain.\n',
    'debian/source/format': '3.0 (quilt)\n',
    'debian/rules': {
      executable: `#!/usr/bin/make -f
%:
\tdh $@
override_dh_auto_clean override_dh_auto_configure override_dh_auto_build override_dh_auto_test:
override_dh_auto_install:
\techo "seen by deb: $$(sha256sum tests/fixture.bin | cut -d ' ' -f 1)"
\tinstall -D -m 644 -t debian/victim/usr/share/victim victim/__init__.py ${timed.map((name) => `data/${name}`).join(' ')}
${when(`\tdate >debian/victim/usr/share/victim/date\n\t${decoded} >debian/victim/usr/share/victim/decoded\n`)}`
    },
    Dockerfile: `FROM ${reference}
COPY victim /victim
RUN --mount=type=bind,source=tests/fixture.bin,target=/run/fixture.bin echo "seen by image: $(sha256sum /run/fixture.bin)"
${when('RUN --mount=type=bind,source=tests/fixture.bin,target=/run/fixture.bin head -c 8 /dev/urandom >/x; head -c 16 /run/fixture.bin >/decoded\nRUN --mount=from=tagproof-wheel,target=/wheel sha256sum /wheel/*.whl >/sum\n')}`,
    '.dockerignore': '.git\n',
    '.github/tagproof.yml': `sources:\n  layouts: ${layouts}\n`
  }
}

let work: string
let base: TestBase
let reference: string
let layouts: string

beforeAll(async () => {
  work = await mkdtemp(path.join(tmpdir(), 'tagproof-three-'))
  base = await tinyBase((await pythonRoot()).root.path, work, ['sha256sum'])
  reference = `example.test/tiny:1@${base.lock.digest}`
  layouts = path.join(work, 'layouts')
  await writeBaseLayout(base, layouts)
}, 600_000)
afterAll(() => rm(work, { recursive: true, force: true }))

async function lockFile(release: TestRelease): Promise<string> {
  const lock: Lock = {
    schema: 'tagproof/lock/1',
    roots: { python: (await pythonRoot()).lock, deb: await debLock() },
    python: { python: await sharedPython(['setuptools']) },
    images: { [reference]: base.lock }
  }
  const file = path.join(release.project.room, 'tagproof.lock')
  await writeFile(file, formatLock(lock))
  return file
}

/** The root of the example has debhelper too; what it was asked for is what this project asks for. */
async function debLock(): Promise<Lock['roots'][string]> {
  const { lock } = await debRoot('own')
  return { ...lock, requested: [...lock.requested, 'debhelper-compat (= 13)'] }
}

interface Done {
  release: TestRelease
  plan: Plan
  proof: Proof
}

async function released(evil: boolean): Promise<Done> {
  const release = await makeRelease(files(reference, layouts, evil))
  const { plan } = await buildRelease(release, lockFile)
  return { release, plan, proof: await prove(release.context, { ownPlan: true }) }
}

function refused({ findings }: Proof, kind: RegExp): string[] {
  const found = findings.filter(
    ({ severity, artifact }) => severity === 'refuse' && kind.test(artifact ?? '')
  )
  return [...new Set(found.map(({ check, member }) => `${check} ${member ?? ''}`))].sort()
}

const escaped = (text: string): string => text.replace(/[.+]/g, '\\$&')

describe('three kinds of package of one tag', () => {
  let honest: Done
  beforeAll(async () => {
    honest = await released(false)
  }, 600_000)
  afterAll(() => honest.release.remove())

  it('are proven together', () => {
    const refusals: Finding[] = honest.proof.findings.filter(({ severity }) => severity === 'refuse')
    expect(refusals).toEqual([])
    expect(honest.proof.artifacts.map(({ kind }) => kind).sort()).toEqual(['deb', 'image', 'sdist', 'wheel'])
    for (const { members, traced, sha256, built } of honest.proof.artifacts) {
      expect(traced).toBe(members)
      expect(built).toEqual({ a: sha256, b: sha256 })
    }
  })

  it('are called in the plan what they are called in the end, and the image has its digest', async () => {
    const { out } = honest.release.context
    const planned =
      (await readFile(out.planSummary, 'utf8')).match(/`[^`]+\.(?:whl|deb|tar(?:\.gz)?)`/g) ?? []
    const patterns = planned.map((name) => name.slice(1, -1).split('*').map(escaped).join('[^-]+'))
    for (const { name, kind, image } of honest.proof.artifacts) {
      expect(patterns.filter((pattern) => new RegExp(`^${pattern}$`).test(name))).toHaveLength(1)
      if (kind !== 'image') continue
      const { layout, entry } = await openImage(path.join(out.packages, name))
      await layout.close()
      expect(image?.digest).toBe(`sha256:${entry.sha256}`)
    }
  })

  it('hold files whose times strip-nondeterminism took out, traced to those of the tag', async () => {
    const { out } = honest.release.context
    const name = honest.proof.artifacts.find(({ kind }) => kind === 'deb')?.name ?? ''
    const lines = (await readFile(path.join(out.origins, `${name}.jsonl`), 'utf8')).trim().split('\n')
    const origins = lines.map((line) => JSON.parse(line) as { member: string })
    for (const file of timed)
      expect(origins.find(({ member }) => member.endsWith(`/${file}`))).toMatchObject({
        rule: 'strip-nondeterminism',
        from: [`data/${file}`]
      })
  })

  it('have one proof whatever .buildinfo and .changes say, which tell of the run', async () => {
    const { out } = honest.release.context
    const first = await readFile(out.proof, 'utf8')
    for (const world of ['a', 'b'] as const) {
      const file = path.join(out.build(world), 'build.json')
      const build = JSON.parse(await readFile(file, 'utf8')) as Build
      const deb = build.targets.find(({ name }) => name === 'deb')
      const names = Object.keys(deb?.evidence ?? {})
      expect(names.map((name) => path.extname(name)).sort()).toEqual(['.buildinfo', '.changes'])
      const other = Object.fromEntries(names.map((name) => [name, sha256OfBytes(`${name} of another run`)]))
      if (deb !== undefined) deb.evidence = other
      await writeFile(file, formatDocument(build))
    }
    await prove(honest.release.context, { ownPlan: true })
    expect(await readFile(out.proof, 'utf8')).toBe(first)
  })

  it('see the scrambled fixture in world b, and the original in world a', async () => {
    const scrambled = honest.plan.scramble.files.find((file) => file.path === 'tests/fixture.bin')?.scrambled
    for (const [world, digest] of [
      ['a', sha256OfBytes(fixture)],
      ['b', scrambled ?? 'none']
    ] as const) {
      const log = await readFile(path.join(honest.release.context.out.build(world), 'log.txt'), 'utf8')
      for (const kind of ['python', 'deb', 'image'])
        expect(log).toMatch(new RegExp(`seen by ${kind}: ${digest}`))
    }
  })
})

describe('a fixture that is decoded, the time, and noise', () => {
  let evil: Done
  beforeAll(async () => {
    evil = await released(true)
  }, 600_000)
  afterAll(() => evil.release.remove())

  it('are refused in all three, by member', () => {
    expect(evil.proof.verdict).toBe('refused')
    expect(refused(evil.proof, /\.whl$/)).toEqual([
      'reproduced victim/decoded.py',
      'traced victim/decoded.py'
    ])
    expect(refused(evil.proof, /\.deb$/)).toEqual([
      'reproduced DEBIAN/md5sums',
      'reproduced usr/share/victim/date',
      'reproduced usr/share/victim/decoded',
      'traced usr/share/victim/date',
      'traced usr/share/victim/decoded'
    ])
    const image = refused(evil.proof, /\.oci\.tar$/).join('\n')
    for (const name of ['x', 'decoded'])
      for (const check of ['reproduced', 'traced'])
        expect(image).toMatch(new RegExp(`${check} layers/\\d+/${name}$`, 'm'))
    expect(image).not.toMatch(/reproduced .*sum$/m)
  })

  it('are asked about one by one, and the hash of the wheel in an image is no difference', async () => {
    const { context } = evil.release
    const { plan } = evil
    const target = plan.targets.find(({ kind }) => kind === 'image')
    const a = await readBuild(context, 'a', (await readDocument('plan', context.out.plan)).sha256)
    if (target === undefined) throw new Error('no image')
    const artifacts = artifactsOf(context, a, target)
    const artifact = artifacts[0]?.name ?? ''
    const repository = await openRepository(context.repository)
    try {
      const ground = (await openGround(context, plan))(target)
      await withBuildPlaces(context, plan, 'attribution', async (places) => {
        const asked = new Questions({ context, plan, places }, target, { artifacts, targets: a.targets, ground }, repository) // prettier-ignore
        const member = (name: string): string =>
          evil.proof.findings.find((one) => one.member?.endsWith(`/${name}`) === true)?.member ?? ''
        const differs = (name: string): Promise<boolean> =>
          asked.differs({ off: [] }, { artifact, member: name })
        expect(await differs(member('x'))).toBe(true)
        expect(member('sum')).toMatch(/^layers\/\d+\/sum$/)
        expect(await differs(member('sum'))).toBe(false)
      })
    } finally {
      await repository.close()
    }
  })
})
