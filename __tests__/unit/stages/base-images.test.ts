import { describe, expect, it } from '@jest/globals'
import type { BlobDescriptor, ImageLock } from '../../../src/documents/lock.ts'
import type { PlanTarget } from '../../../src/documents/plan.ts'
import { basesOf, lockedLayers } from '../../../src/stages/base-images.ts'

const descriptor = (letter: string): BlobDescriptor => ({
  digest: `sha256:${letter.repeat(64)}`,
  size: 1,
  mediaType: 'application/vnd.oci.image.layer.v1.tar'
})
const lock = (...letters: string[]): ImageLock => ({
  digest: descriptor('0').digest,
  platforms: Object.fromEntries(
    letters.map((letter, at) => [
      at === 0 ? 'linux/amd64' : 'linux/arm64',
      { manifest: descriptor('1'), config: descriptor('2'), layers: [descriptor(letter)] }
    ])
  )
})
const images = { 'base:1': lock('a', 'b'), 'tools:2': lock('c') }

const dockerfileTarget = (stage: string | null = null): Pick<PlanTarget, 'image'> => ({
  image: {
    mode: 'dockerfile',
    repository: 'x',
    dockerfile: 'Dockerfile',
    stage,
    arguments: { RELEASE: '1' },
    platforms: [],
    extras: [],
    requirements: []
  }
})
const bases = (lines: string[], stage: string | null = null): string[] =>
  basesOf(dockerfileTarget(stage), images, { text: `${lines.join('\n')}\n`, path: 'Dockerfile' }).map(
    ({ reference, platform, layers }) => `${reference} ${platform} ${layers[0]?.charAt(7) ?? ''}`
  )

describe('the bases that an image stands on', () => {
  it('are those of the stage that is built, through other stages and with its arguments', () => {
    const lines = [
      'ARG RELEASE',
      'FROM tools:2 AS tools',
      'FROM base:${RELEASE} AS below',
      'FROM below AS app',
      'COPY --from=tools /x /x'
    ]
    expect(bases(lines)).toEqual(['base:1 linux/amd64 a', 'base:1 linux/arm64 b'])
    expect(bases(lines, 'tools')).toEqual(['tools:2 linux/amd64 c'])
  })

  it('are those of the lock where the digest that it names was added to the line since', () => {
    const { digest } = lock()
    expect(bases([`FROM base:1@${digest}`])).toEqual(['base:1 linux/amd64 a', 'base:1 linux/arm64 b'])
    expect(bases([`FROM base:1@${digest.replace('0', '9')}`])).toEqual([])
    expect(bases([`FROM base:3@${digest}`])).toEqual([])
  })

  it('are none where it stands on nothing or on the Debian root', () => {
    expect(bases(['FROM scratch', 'COPY --from=base:1 /x /x'])).toEqual([])
    expect(bases(['FROM tagproof-root', 'RUN true'])).toEqual([])
    expect(basesOf({}, images, null)).toEqual([])
  })

  it('have their layers known as bases in any case', () => {
    expect([...lockedLayers(images)].map((digest) => digest.charAt(7))).toEqual(['a', 'b', 'c'])
  })
})
