import { describe, expect, test } from '@jest/globals'
import { TagproofError } from '../../../../src/platform/errors.ts'
import { readDockerfile } from '../../../../src/targets/image/dockerfile.ts'
import { expand } from '../../../../src/targets/image/expansion.ts'
import { commaSeparated } from '../../../../src/targets/image/mounts.ts'
import { referencesOf, type DockerfileRequest } from '../../../../src/targets/image/references.ts'

const digest = `sha256:${'a'.repeat(64)}`

function found(text: string, more: Partial<DockerfileRequest> = {}): string[] {
  return referencesOf({
    text,
    path: 'Dockerfile',
    stage: null,
    arguments: {},
    platforms: ['linux/amd64'],
    ...more
  }).map(({ line, use, kind, name }) => `${line} ${use} ${kind} ${name}`)
}

function refusal(text: string, more: Partial<DockerfileRequest> = {}): string {
  try {
    found(text, more)
  } catch (error) {
    if (!(error instanceof TagproofError)) throw error
    expect(error.code).toBe('config-invalid')
    return `${error.detail.where ?? ''} ${error.message}`
  }
  return 'nothing was refused'
}

describe('references', () => {
  test('FROM, COPY and mounts, to stages, contexts and images', () => {
    const text = `# syntax=docker/dockerfile:1
ARG VERSION=12
ARG BASE=debian:\${VERSION}
FROM \${BASE} AS Build
RUN --mount=type=bind,from=tagproof-wheels,target=/w \\
    # between the lines
    --mount=type=bind,"from=alpine:3",target=/a true
FROM example.test:5000/a/b@${digest} AS other
FROM tagproof-root
COPY --from=build /a /a
COPY --link --from=1 /b /b
COPY --from=busybox:1 /c /c
`
    expect(found(text)).toEqual([
      '4 from image debian:12',
      '5 mount context tagproof-wheels',
      '7 mount image alpine:3',
      `8 from image example.test:5000/a/b@${digest}`,
      '9 from context tagproof-root',
      '10 copy stage build',
      '11 copy stage 1',
      '12 copy image busybox:1'
    ])
  })

  test('only stages that the chosen one needs count', () => {
    const text =
      'FROM a AS one\nFROM b AS two\nFROM $NOWHERE AS broken\nFROM scratch AS three\nCOPY --from=two /x /x\nFROM d'
    expect(found(text, { stage: 'Three' })).toEqual([
      '2 from image b',
      '4 from scratch scratch',
      '5 copy stage two'
    ])
    expect(found(text, { stage: '0' })).toEqual(['1 from image a'])
    expect(found(text)).toEqual(['6 from image d'])
  })

  test('arguments of the configuration, platform arguments, and defaults', () => {
    const text = 'ARG REPO=debian\nARG NOTHING\nFROM ${REPO}:${NOTHING:-12}-$TARGETARCH'
    expect(found(text)).toEqual(['3 from image debian:12-amd64'])
    expect(
      found(text, { arguments: { REPO: 'x', NOTHING: '9' }, platforms: ['linux/arm64', 'linux/amd64'] })
    ).toEqual(['3 from image x:9-arm64', '3 from image x:9-amd64'])
    // What is not declared before the first FROM does not reach it.
    expect(refusal('FROM debian:$TAG', { arguments: { TAG: '1' } })).toMatch(/^Dockerfile:1 The variable TAG/)
  })

  test('platforms follow --platform', () => {
    const request = { path: 'D', stage: null, arguments: {}, platforms: ['linux/amd64', 'linux/arm64'] }
    const text = 'FROM --platform=$BUILDPLATFORM a AS x\nFROM --platform=linux/386 b\nCOPY --from=x / /'
    expect(referencesOf({ ...request, text }).map(({ platforms }) => platforms)).toEqual([
      ['linux/amd64', 'linux/arm64'],
      ['linux/386'],
      []
    ])
  })

  test('triggers count for the stage that is made from theirs', () => {
    const text = 'FROM a AS base\nONBUILD COPY --from=alpine:3 / /\nFROM base'
    expect(found(text)).toEqual(['1 from image a', '2 copy image alpine:3', '3 from stage base'])
    expect(found(text, { stage: 'base' })).toEqual(['1 from image a'])
  })

  test('here-documents, other line ends, another escape character, a mark of byte order', () => {
    const text =
      '\ufeff# escape=`\nFROM a `\n  AS x\nRUN <<EOF\nFROM evil\nEOF\nCOPY <<F /f\nCOPY --from=no / /\nF\nFROM x'
    const expected = ['2 from image a', '10 from stage x']
    expect(found(text)).toEqual(expected)
    expect(found(text.replaceAll('\n', '\r\n'))).toEqual(expected)
  })

  test.each([
    ['FROM debian:$X', /Dockerfile:1 The variable X has no value/],
    ['FROM debian\nCOPY --from=$X / /', /Dockerfile:2 This names neither a stage nor an image/],
    ['FROM debian\nCOPY --from=7 / /', /Dockerfile:2 This names neither/],
    ['FROM Debian:12', /Dockerfile:1 This names neither/],
    ['FROM debian@sha256:12', /Dockerfile:1 This names neither/],
    ['FROM tagproof-rot', /Dockerfile:1 There is no context "tagproof-rot"/],
    ['FROM ${A', /Dockerfile:1 .* a } is missing/],
    ['FROM a b c d', /Dockerfile:1 FROM cannot be read/],
    ['RUN x\nFROM a', /Dockerfile:1 RUN stands before/],
    ['FROM a\nFRMO b', /Dockerfile:2 There is no instruction "FRMO"/],
    ['', /Dockerfile:1 The Dockerfile has no FROM/],
    [`FROM a\n${'#'.repeat(300_000)}`, /too large/],
    [`FROM a\n${'USER x\n'.repeat(2001)}`, /too many/]
  ])('%.30j is refused with its line', (text, message) => {
    expect(refusal(text)).toMatch(message)
  })
})

test.each([
  ['${A:-${B:-c}}', 'c'],
  ['${X:+yes}${A:+no}', 'yes'],
  ['\'$X\'"$X"\\$X', '$Xvalue$X'],
  ['${X#va}-${X%u*}-${X##*l}-${X/al/-}', 'lue-val-ue-v-ue'],
  ['$', '$'],
  ['${X', null],
  ['${X:?}', 'value'],
  ['${A:?gone}', null],
  ['"', null],
  [`${'${A:-'.repeat(30)}${'}'.repeat(30)}`, null]
])('%s becomes %j', (word, expected) => {
  const { text, fault } = expand(word, new Map([['X', 'value']]))
  expect(fault === null ? text : null).toBe(expected)
})

test('a mount is one record of comma-separated values', () => {
  expect(commaSeparated('type=bind,"from=a,b",x="y",z=""""')).toEqual([
    'type=bind',
    'from=a,b',
    'x="y"',
    'z=""""'
  ])
})

test('hostile texts end in time', () => {
  const texts = [
    'FROM a\nRUN ' + 'x \\\n'.repeat(3000),
    'FROM a\n' + 'RUN <<A\n'.repeat(1900),
    'ARG A=' + '${A'.repeat(8000) + '\nFROM a',
    'FROM a\nRUN ' + '--mount=type=bind,'.repeat(3000),
    'FROM a\nENV ' + 'A=${A/*a*a*a*b/c} '.repeat(3000),
    'FROM a AS s0\n' + Array.from({ length: 1900 }, (_, at) => `FROM s${at} AS s${at + 1}`).join('\n')
  ]
  for (const text of texts) {
    const before = process.cpuUsage()
    try {
      found(text)
      readDockerfile(text, 'Dockerfile')
    } catch (error) {
      expect(error).toBeInstanceOf(TagproofError)
    }
    // Of processor time, since others may share the machine; in microseconds.
    expect(process.cpuUsage(before).user).toBeLessThan(10_000_000)
  }
})
