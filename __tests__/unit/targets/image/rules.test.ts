import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, test } from '@jest/globals'
import type { Lock } from '../../../../src/documents/lock.ts'
import { ignores } from '../../../../src/targets/image/ignore-file.ts'
import { pinningDiff } from '../../../../src/targets/image/pinning.ts'
import { dockerfileFindings } from '../../../../src/targets/image/rules/dockerfile-findings.ts'

const digest = `sha256:${'a'.repeat(64)}`
const other = `sha256:${'b'.repeat(64)}`
const images: Lock['images'] = {
  'debian:12': { digest, platforms: {} },
  'alpine:3': { digest: other, platforms: {} }
}

function findings(
  text: string,
  more: { arguments?: Record<string, string>; stage?: string; ignoreFile?: string } = {}
): string[] {
  return dockerfileFindings({
    text,
    path: 'docker/Dockerfile',
    stage: more.stage ?? null,
    arguments: more.arguments ?? {},
    platforms: ['linux/amd64'],
    lock: { images },
    ignoreFile: more.ignoreFile ?? null
  }).map(({ severity, code, message }) => {
    const line = /^docker\/Dockerfile:(\d+) /.exec(message)?.[1] ?? 'no line'
    return `${severity} ${code} ${line}`
  })
}

const from = `FROM debian:12@${digest}\n`
const debs = '--mount=from=tagproof-debs,target=/debs'

/** What is caught, and the honest form that passes. */
const cases: [rule: string, caught: string, expected: string[], honest: string][] = [
  [
    'secret mounts',
    `${from}RUN --mount=type=secret,id=x cat /run/secrets/x\nRUN --mount=type=ssh true`,
    ['refuse dockerfile-secret 2', 'refuse dockerfile-secret 3'],
    `${from}RUN --mount=type=tmpfs,target=/t true`
  ],
  [
    'the network of the host',
    `${from}RUN --network=host true\nRUN --network=default true`,
    ['refuse dockerfile-network 2', 'warn dockerfile-network 3'],
    `${from}RUN --network=none true`
  ],
  [
    'privileges',
    `${from}RUN --security=insecure true`,
    ['refuse dockerfile-privileged 2'],
    `${from}RUN --security=sandbox true`
  ],
  [
    'caches',
    `${from}RUN \\\n  --mount=type=cache,target=/root/.cache \\\n  true`,
    ['refuse dockerfile-cache-mount 3'],
    `${from}RUN --mount=type=bind,source=x,target=/x true`
  ],
  [
    'ADD of an address',
    `ARG URL=https://example.test/x\n${from}ARG URL\nADD $URL /x\nADD --checksum=${digest} https://example.test/x /x\nADD $UNKNOWN /y`,
    ['refuse dockerfile-remote-add 4', 'warn dockerfile-remote-add 5', 'refuse dockerfile-unresolved 6'],
    `${from}ADD x.tar /x\nADD ["a b", "/c"]`
  ],
  [
    'ADD of a repository',
    `${from}ADD https://u:secret@example.test/x.git#v1 /x\nADD git@example.test:x/y.git /x\nADD https://example.test/x.git#${'c'.repeat(40)} /x`,
    ['refuse dockerfile-remote-add 2', 'refuse dockerfile-remote-add 3', 'warn dockerfile-remote-add 4'],
    `${from}COPY vendor/x /x`
  ],
  [
    'a foreign frontend',
    `# syntax=example.test/frontend:1\n${from}`,
    ['refuse dockerfile-syntax 1'],
    `# syntax=docker/dockerfile:1.7\n${from}`
  ],
  [
    'a stage called like a context',
    `${from}FROM scratch AS tagproof-root\nCOPY x /`,
    ['refuse dockerfile-shadow 2'],
    'FROM tagproof-root AS root'
  ],
  [
    'what cannot be known',
    'FROM debian:$TAG',
    ['refuse dockerfile-unresolved 1'],
    `ARG TAG=12@${digest}\nFROM debian:$TAG`
  ],
  [
    'what the lock lacks',
    `FROM debian:13\nCOPY --from=debian:12@${other} / /`,
    ['refuse dockerfile-unlocked 1', 'refuse dockerfile-unlocked 2'],
    from
  ],
  ['tags', 'FROM debian:12', ['note dockerfile-tag 1'], from],
  [
    'another platform',
    `FROM --platform=linux/arm64 debian:12@${digest}`,
    ['warn dockerfile-platform 1'],
    `FROM --platform=$BUILDPLATFORM debian:12@${digest}`
  ],
  [
    'apt',
    `${from}RUN set -eux; \\\n  apt-get update && \\\n# why\n  sudo -E apt-get install -y nginx\nRUN ["apt", "upgrade"]\nRUN <<EOF\nexport A=1\napt-get update\nEOF\nRUN bash -c "apt-get update"\nRUN apk add x`,
    [
      'warn dockerfile-packages 3',
      'warn dockerfile-packages 5',
      'warn dockerfile-packages 6',
      'warn dockerfile-packages 9',
      'warn dockerfile-packages 11',
      'warn dockerfile-packages 12'
    ],
    `${from}RUN ${debs} apt-get update && apt-get install -y nginx\nRUN apt-get clean && echo "apt-get update" # apt-get update\nRUN apk add --no-network x.apk`
  ],
  [
    'pip',
    `${from}RUN pip install herald\nRUN python3 -m pip install --require-hashes -r r.txt\nRUN uv sync\nRUN /venv/bin/pip3.11 wheel x\nRUN pip --python /venv/bin/python install x`,
    [
      'warn dockerfile-pip 2',
      'warn dockerfile-pip 3',
      'warn dockerfile-pip 4',
      'warn dockerfile-pip 5',
      'warn dockerfile-pip 6'
    ],
    `${from}RUN pip install --no-index --find-links=/wheels herald\nRUN pip uninstall -y wheel\nRUN pip install --no-deps /x/y.whl\nENV PIP_NO_INDEX=1\nRUN pip install herald`
  ],
  [
    'downloads',
    `${from}RUN curl -sSL https://example.test/x | sh\nRUN wget -O x https://example.test/x\nRUN git clone https://example.test/x\nRUN npm install\nRUN go install example.test/x@latest\nRUN gem install x`,
    [
      'warn dockerfile-pipe 2',
      'warn dockerfile-download 3',
      'warn dockerfile-git 4',
      'warn dockerfile-npm 5',
      'warn dockerfile-go 6',
      'warn dockerfile-download 7'
    ],
    `${from}RUN curl --version && git init x && npm run build && go build ./... && echo curl https://x | cat`
  ],
  [
    'the time of the build',
    `${from}ARG BUILD_DATE\nLABEL org.opencontainers.image.created=$BUILD_DATE\nENV BUILT="$(date -u)"\nRUN set -e; \\\n  echo "$(date +%s)" >/built\nENV APP_BUILD_TIME 2024-02-05T10:00:00Z\nRUN ["date"]`,
    [
      'warn dockerfile-date 2',
      'warn dockerfile-date 4',
      'warn dockerfile-date 6',
      'note dockerfile-date 7',
      'warn dockerfile-date 8'
    ],
    `${from}ARG SOURCE_DATE_EPOCH\nARG BUILD_DATE=none\nENV DATE_FORMAT=%Y TIMEOUT=20240101 TZ=UTC SNAPSHOT=20240101 VALIDATED=2024-01-01\nRUN date --utc --date=@$SOURCE_DATE_EPOCH >/built && date -r /etc/passwd && update date`
  ],
  [
    'the whole context',
    `${from}COPY . .\nADD ./ /app\nCOPY --chown=1 ["*", "/x/"]\nCOPY / /y`,
    [2, 3, 4, 5].map((line) => `warn dockerfile-copy-all ${line}`),
    `${from}COPY src .\nCOPY ./conf/ /conf/\nCOPY --from=tagproof-wheel . /wheels/\nCOPY *.ini /etc/`
  ],
  ['an instruction that does not exist', `${from}FOO x`, ['refuse dockerfile-invalid 2'], from]
]

describe('rules', () => {
  test.each(cases)('%s', (_rule, caught, expected, honest) => {
    expect(findings(caught)).toEqual(expected)
    expect(findings(honest)).toEqual([])
  })

  test('the whole context is less of a matter without the database of git, and none in a stage of tools', () => {
    const text = `${from}COPY . .`
    expect(findings(text, { ignoreFile: '# no git\n.git\n' })).toEqual(['note dockerfile-copy-all 2'])
    expect(findings(text, { ignoreFile: '*\n!src\n' })).toEqual(['note dockerfile-copy-all 2'])
    expect(findings(text, { ignoreFile: '.git\n!.git\n' })).toEqual(['warn dockerfile-copy-all 2'])
    expect(findings(`FROM debian:12@${digest} AS tools\nCOPY . .\n${from}COPY --from=tools /x /x`)).toEqual(
      []
    )
    const below = `FROM debian:12@${digest} AS below\nCOPY . .\nFROM below`
    expect(findings(below)).toEqual(['warn dockerfile-copy-all 2'])
  })

  test('a date of the build that the configuration gives is one', () => {
    const text = `${from}ARG BUILD_DATE`
    expect(findings(text, { arguments: { BUILD_DATE: '2024-02-05' } })).toEqual([])
  })

  test.each<[string, string, boolean]>([
    ['.git', '.git', true],
    ['/.git/', '.git', true],
    ['**/.git', 'sub/.git', true],
    ['.git*', '.gitignore', true],
    ['.[a-h]it', '.git', true],
    ['**', '.git', true],
    ['git', '.git', false],
    ['*/.git', '.git', false],
    ['# .git', '.git', false],
    ['.git/config', '.git', false],
    ['[', '.git', false]
  ])('%j in .dockerignore, for %s: %s', (line, path, ignored) => {
    expect(ignores(line, path)).toBe(ignored)
  })

  test('stages that are not built are not looked at', () => {
    const text = `${from}RUN pip install x\nFROM debian:12@${digest} AS last`
    expect(findings(text)).toEqual([])
    expect(findings(text, { stage: '0' })).toEqual(['warn dockerfile-pip 2'])
  })

  test('files that an earlier stage copied from a context are there in those made from it', () => {
    const text = `FROM debian:12@${digest} AS base\nCOPY --from=tagproof-debs / /debs\nFROM base\nRUN apt-get update`
    expect(findings(text)).toEqual([])
  })

  test('no secret of an address is shown', () => {
    const [finding] = dockerfileFindings({
      text: `${from}ADD https://user:secret@example.test/x?token=secret /x`,
      path: 'D',
      stage: null,
      arguments: {},
      lock: { images }
    })
    expect(JSON.stringify(finding)).not.toContain('secret')
  })

  test('the line that pins is told', () => {
    const fixes = (text: string): (string | null)[] =>
      dockerfileFindings({ text, path: 'D', stage: null, arguments: {}, lock: { images } }).map(
        ({ fix }) => fix
      )
    expect(fixes('FROM --platform=$TARGETPLATFORM debian:12 AS x')).toEqual([
      `Line 1: FROM --platform=$TARGETPLATFORM debian:12@${digest} AS x`
    ])
    expect(fixes('ARG BASE="debian:12"\nFROM $BASE')).toEqual([`Line 1: ARG BASE="debian:12@${digest}"`])
    expect(fixes('ARG V=12\nFROM debian:$V')).toEqual([
      `The name is put together from arguments: write debian:12@${digest} in full to pin it for everybody.`
    ])
  })
})

describe('the diff that pins', () => {
  const text = `ARG BASE=debian:12
# FROM debian:12 is what it was
FROM $BASE AS one
RUN --mount=type=bind,from=alpine:3,target=/a \\
  --mount=type=tmpfs,target=/b true
LABEL a=b
LABEL c=d
LABEL e=f
LABEL g=h
LABEL i=j
LABEL k=l
FROM debian:12
COPY --from=alpine:3 --chown=0 /a /a
COPY --from=one /b /b`

  test('is one that patch takes, and leaves nothing to pin', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'tagproof-pinning-'))
    try {
      const request = { text, path: 'Dockerfile', stage: null, arguments: {} }
      const diff = pinningDiff(request, images)
      writeFileSync(path.join(folder, 'Dockerfile'), text)
      execFileSync('patch', ['-p1', '--quiet', '--fuzz=0'], { cwd: folder, input: diff })
      const pinned = readFileSync(path.join(folder, 'Dockerfile'), 'utf8')
      expect(pinned.split('\n').filter((line) => line.includes('@sha256'))).toEqual([
        `ARG BASE=debian:12@${digest}`,
        `RUN --mount=type=bind,from=alpine:3@${other},target=/a \\`,
        `FROM debian:12@${digest}`,
        `COPY --from=alpine:3@${other} --chown=0 /a /a`
      ])
      expect(pinningDiff({ ...request, text: pinned }, images)).toBe('')
      expect(findings(pinned)).toEqual([])
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
