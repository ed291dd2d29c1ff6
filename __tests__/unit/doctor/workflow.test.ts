import { describe, expect, it } from '@jest/globals'
import type { Check } from '../../../src/doctor/check.ts'
import { hostRegistry, neededRights } from '../../../src/destinations/needed-rights.ts'
import {
  destinationRightsChecks,
  readWorkflows,
  workflowChecks
} from '../../../src/doctor/workflow/workflow-checks.ts'
import { readConfig } from '../../../src/documents/config-reading.ts'
import { destinationSettings, type DestinationSettings } from '../../../src/documents/destination-settings.ts'
import { workflowText } from '../../../src/init/workflow.ts'

const commit = '0123456789abcdef0123456789abcdef01234567'
const uses = `uses: o/tagproof@${commit} # v0.1.0`
const written = workflowText({
  action: { repository: 'o/tagproof', commit, version: 'v0.1.0' },
  tags: 'v*',
  environment: 'release',
  kinds: ['python', 'deb', 'image']
})

const file = '.github/workflows/release.yml'
const isOurs = (name: string): boolean => name === 'o/tagproof'

function check(text: string): Check[] {
  const { ours, unreadable } = readWorkflows([{ path: file, text }], isOurs)
  return [...unreadable, ...workflowChecks(ours)]
}
const told = (text: string): string[] =>
  check(text)
    .filter(({ state }) => state !== 'ok')
    .map(({ state, name }) => `${state} ${name}`)

/** The text of one job. */
function inJob(id: string, from: string | RegExp, to: string): string {
  const [before = '', rest = ''] = written.split(`\n  ${id}:\n`)
  expect(rest).toMatch(from)
  return `${before}\n  ${id}:\n${rest.replace(from, to)}`
}
function everywhere(from: string, to: string): string {
  expect(written).toContain(from)
  return written.replaceAll(from, to)
}
const step = (run: string): string => `steps:\n      - run: ${run}\n`

it('the workflow that init writes is in order, a line for each rule', () => {
  const checks = check(written)
  expect(checks.filter(({ state }) => state !== 'ok')).toEqual([])
  expect(new Set(checks.map(({ name }) => name)).size).toBe(13)
})

describe('a workflow with one thing wrong', () => {
  const cases: [string, string, string[]][] = [
    [
      'no tag starts it',
      everywhere("    tags: ['v*']\n", '    branches: [main]\n'),
      ['fail triggers', 'warn triggers']
    ],
    ['it cannot be dispatched', everywhere('  workflow_dispatch:\n', ''), ['warn triggers']],
    [
      'strangers can start it',
      everywhere('  pull_request:\n', '  pull_request_target:\n'),
      ['fail triggers']
    ],
    [
      'nothing is said of permissions at the top',
      everywhere('\npermissions: {}\n', '\n'),
      ['warn permissions']
    ],
    ['all may write', everywhere('\npermissions: {}\n', '\npermissions: write-all\n'), ['fail permissions']],
    [
      'all may write one thing',
      everywhere('\npermissions: {}\n', '\npermissions: { packages: write }\n'),
      ['fail permissions']
    ],
    [
      'a build can ask for an id token',
      inJob('build-a', /permissions: \{\}.*/, 'permissions: { id-token: write }'),
      ['fail permissions']
    ],
    [
      'the rehearsal can ask for an id token',
      inJob('rehearse', 'contents: read', 'id-token: write'),
      ['fail permissions']
    ],
    [
      'the proof can ask for an id token',
      inJob('prove', 'contents: read', 'id-token: write'),
      ['fail permissions']
    ],
    [
      'a build may write packages',
      inJob('build-b', /permissions: \{\}.*/, 'permissions: { packages: write }'),
      ['fail permissions']
    ],
    [
      'a build may write all',
      inJob('build-b', /permissions: \{\}.*/, 'permissions: write-all'),
      ['fail permissions']
    ],
    [
      'an action is named by a tag',
      inJob('plan', /uses: actions\/checkout.*/, 'uses: actions/checkout@v7'),
      ['fail pins']
    ],
    ['this action is named by a branch', inJob('publish', uses, 'uses: o/tagproof@main'), ['fail pins']],
    [
      'an action is named by a short commit',
      inJob('plan', uses, `uses: o/tagproof@${commit.slice(0, 12)}`),
      ['fail pins']
    ],
    [
      'an image without digest',
      inJob('plan', 'steps:\n', 'steps:\n      - uses: docker://alpine:3\n'),
      ['fail pins']
    ],
    ['an action of the workspace', inJob('plan', 'steps:\n', 'steps:\n      - uses: ./x\n'), ['warn pins']],
    [
      'the publish job has no environment',
      everywhere('    environment: release\n', ''),
      ['fail environment']
    ],
    [
      'the publish job runs commands of its own',
      inJob('publish', 'steps:\n', step('make upload')),
      ['warn separation']
    ],
    [
      'the publish job runs an action of others',
      inJob('publish', 'steps:\n', `steps:\n      - uses: x/y@${commit}\n`),
      ['warn separation']
    ],
    [
      'build and publication share a job',
      inJob(
        'publish',
        'steps:\n',
        `steps:\n      - ${uses}\n        with:\n          stage: build\n          world: a\n`
      ),
      ['fail handover', 'fail handover', 'fail separation']
    ],
    ['both worlds on one machine', inJob('build-a', '          world: a\n', ''), ['warn separation']],
    [
      'a job container whose control groups cannot be divided',
      inJob('build-a', 'steps:\n', 'container: { image: debian, options: --privileged }\n    steps:\n'),
      ['warn separation']
    ],
    [
      'a job container without rights',
      inJob('build-a', 'steps:\n', 'container: debian:12\n    steps:\n'),
      ['fail separation']
    ],
    [
      'a secret for all jobs',
      everywhere('\npermissions: {}\n', '\npermissions: {}\nenv:\n  T: ${{ secrets.TOKEN }}\n'),
      ['fail secrets']
    ],
    [
      'a secret for a build',
      inJob('build-a', 'steps:\n', 'env:\n      T: ${{ secrets.TOKEN }}\n    steps:\n'),
      ['fail secrets']
    ],
    [
      'a secret for a step of the proof',
      inJob('prove', 'stage: prove', 'stage: prove\n          target: ${{ secrets.X }}'),
      ['fail secrets']
    ],
    [
      'the token of the run for a build',
      inJob('build-a', 'stage: build', 'stage: build\n          target: ${{ github.token }}'),
      ['fail secrets']
    ],
    [
      'publish runs after a failure',
      inJob('publish', "if: github.ref_type == 'tag'", 'if: always()'),
      ['fail conditions']
    ],
    [
      'publish runs unless cancelled',
      inJob('publish', "if: github.ref_type == 'tag'", 'if: ${{ !cancelled() }}'),
      ['fail conditions']
    ],
    [
      'a stage may fail',
      inJob('prove', '- id: prove', '- continue-on-error: true\n        id: prove'),
      ['fail conditions']
    ],
    [
      'publish is not told how the others ended',
      inJob('publish', '          needs: ${{ toJSON(needs) }}\n', ''),
      ['fail handover']
    ],
    [
      'publish does not wait for a build',
      inJob('publish', 'needs: [plan, build-a, build-b, prove]', 'needs: [plan, build-a, prove]'),
      ['fail handover']
    ],
    [
      'prove does not wait for a build',
      inJob('prove', 'needs: [plan, build-a, build-b]', 'needs: build-a'),
      ['fail handover']
    ],
    [
      'publish cannot ask for an id token',
      inJob('publish', /\n.*id-token: write.*/, ''),
      ['fail permissions']
    ],
    ['a build does not wait for the plan', inJob('build-a', 'needs: [plan]', 'needs: []'), ['fail handover']],
    [
      'a build does not say what it hands over',
      inJob('build-b', /\n {4}outputs:\n.*/, ''),
      ['fail handover']
    ],
    [
      'the plan that a pull request is shown is handed over, and nobody waits for it',
      inJob('rehearse', /\n.*handover: none.*/, ''),
      Array<string>(5).fill('fail handover')
    ],
    [
      'a stage that nobody knows',
      inJob('rehearse', 'stage: rehearse', 'stage: ${{ inputs.stage }}'),
      ['warn stages']
    ],
    [
      'a cache is restored',
      inJob('build-a', 'steps:\n', `steps:\n      - uses: actions/cache@${commit}\n`),
      ['fail caches']
    ],
    [
      'a set-up restores a cache',
      inJob(
        'build-a',
        'steps:\n',
        `steps:\n      - uses: actions/setup-python@${commit}\n        with: { cache: pip }\n`
      ),
      ['fail caches']
    ],
    [
      'a title becomes a command',
      inJob('rehearse', 'steps:\n', step('echo ${{ github.event.pull_request.title }}')),
      ['fail commands']
    ],
    [
      'a value becomes a command',
      inJob('rehearse', 'steps:\n', step('echo ${{ matrix.x }}')),
      ['warn commands']
    ],
    [
      'the checkout keeps its token',
      inJob('rehearse', 'persist-credentials: false', 'fetch-depth: 0'),
      ['warn checkout']
    ],
    ['two runs side by side', everywhere('\nconcurrency:\n', '\nenv:\n'), ['warn concurrency']]
  ]
  it.each(cases)('%s', (_title, text, expected) => {
    expect(told(text)).toEqual(expected)
  })

  it('is told with its line, why it matters and what to do', () => {
    const text = inJob('build-a', /permissions: \{\}.*/, 'permissions: { id-token: write }')
    const [found] = check(text).filter(({ state }) => state === 'fail')
    const line = text.split('\n').findIndex((one) => one.includes('id-token: write }')) + 1
    expect(found?.where).toBe(`${file}:${line}`)
    expect(found?.why).toContain('publish')
    expect(found?.fix).toContain('Remove id-token: write')
  })
})

it('single-job is told as what it is: weaker, and accepted', () => {
  const text = `on: { push: { tags: ['v*'] }, workflow_dispatch: }
permissions: {}
concurrency: x
jobs:
  all:
    environment: release
    permissions: { id-token: write }
    steps:
      - ${uses}
        with: { stage: release, single-job: true }
`
  expect(told(text)).toEqual(['warn permissions', 'warn separation'])
  expect(told(text.replace(', single-job: true', ''))).toEqual(['fail separation'])
})

it.each([
  ['no YAML at all', 'jobs: [', 'fail workflow-file'],
  ['two keys of one name', 'on: push\non: pull_request\njobs: { a: { steps: [] } }\n', 'fail workflow-file'],
  ['no jobs', 'on: push\n', 'fail workflow-file']
])('a file that cannot be read is never in order: %s', (_title, text, expected) => {
  expect(told(text)).toContain(expected)
})

it('a project whose workflows do not use this action is told so, and others are left alone', () => {
  expect(told(`on: push\njobs: { a: { steps: [{ uses: actions/checkout@v1 }] } }\n`)).toEqual([
    'warn workflow-file'
  ])
  expect(
    told(
      `on: push\npermissions: {}\nconcurrency: x\njobs: { a: { steps: [{ uses: o/tagproof@${commit} }] } }\n`
    )
  ).toEqual(['warn workflow-file'])
})

describe('the rights that destinations need', () => {
  const settingsOf = (...lines: string[]): DestinationSettings[] =>
    readConfig(`destinations:\n${lines.map((line) => `  - ${line}\n`).join('')}`, 'c').destinations.map(
      destinationSettings
    )
  const github = settingsOf('kind: github')
  const image = settingsOf(`{ kind: registry, image: '${hostRegistry}/octo/project' }`)
  const branch = settingsOf('{ kind: files, store: { kind: git, branch: pages } }')
  const textFor = (settings: DestinationSettings[]): string =>
    workflowText({
      action: { repository: 'o/tagproof', commit, version: 'v0.1.0' },
      tags: 'v*',
      environment: 'release',
      kinds: ['python'],
      rights: neededRights(settings)
    })
  const rightsTold = (text: string, settings: DestinationSettings[]): string[] =>
    destinationRightsChecks(readWorkflows([{ path: file, text }], isOurs).ours, settings)
      .filter(({ state }) => state !== 'ok')
      .map(({ state, what }) => `${state} ${what}`)

  it.each([
    ['a release on GitHub', github, ['contents: write', 'github-token: ${{ github.token }}']],
    ['an image', image, ['packages: write', 'registry-password: ${{ github.token }}']],
    ['a branch', branch, ['contents: write', 'github-token: ${{ github.token }}']],
    ['all of them', [...github, ...image, ...branch], ['contents: write', 'packages: write']]
  ])('are written by init for %s, and in order then', (_what, settings, words) => {
    const text = textFor(settings)
    for (const word of words) expect(text).toContain(word)
    expect(told(text)).toEqual([])
    expect(rightsTold(text, settings)).toEqual([])
    // No other job gets them.
    expect(text.match(/(contents|packages): write/g)?.length).toBe(
      new Set(words.filter((word) => word.endsWith(': write'))).size
    )
  })

  it('are none that are not needed', () => {
    expect(written).not.toMatch(/contents: write|packages: write|github-token/)
    expect(rightsTold(written, settingsOf('kind: pypi'))).toEqual([])
    expect(rightsTold(textFor([...github, ...image]), settingsOf('kind: pypi'))).toEqual([
      'warn The job publish may write contents, and no destination needs it',
      'warn The job publish may write packages, and no destination needs it'
    ])
  })

  it('are missed, and so is the token', () => {
    expect(rightsTold(written, [...github, ...image])).toEqual([
      'fail The job publish has no contents: write',
      'fail The job publish hands over no github-token',
      'fail The job publish has no packages: write'
    ])
  })

  it('of a secret of the project are those of the secret', () => {
    const secret = (text: string): string =>
      text
        .replace('github-token: ${{ github.token }}', 'github-token: ${{ secrets.RELEASES }}')
        .replace('registry-password: ${{ github.token }}', 'registry-password: ${{ secrets.IMAGES }}')
        .replace(/ contents: write.*/, ' contents: read')
        .replace(/ {6}packages: write.*\n/, '')
    const text = textFor([...github, ...image])
    expect(rightsTold(secret(text), [...github, ...image])).toEqual([])
    expect(rightsTold(secret(text).replaceAll('secrets.', 'github.'), [...github, ...image]).length).toBe(2)
  })

  it('to an identity are missed where one job does all', () => {
    const single = written
      .replace(/ {6}id-token: write.*\n/, '')
      .replace('stage: publish', 'stage: publish\n          single-job: true')
    expect(rightsTold(single, settingsOf('kind: pypi'))).toEqual([
      'fail The job publish has no id-token: write'
    ])
    const token = single.replace(
      'single-job: true',
      'single-job: true\n          pypi-token: ${{ secrets.P }}'
    )
    expect(rightsTold(token, settingsOf('kind: pypi'))).toEqual([])
  })
})
