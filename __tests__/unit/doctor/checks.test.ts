import { describe, expect, it } from '@jest/globals'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fail, ok, statusOfChecks, warn, type Check } from '../../../src/doctor/check.ts'
import { destinationChecks, type PublishFacts } from '../../../src/doctor/destination-checks.ts'
import { machineChecks } from '../../../src/doctor/machine-checks.ts'
import type { MachineState } from '../../../src/doctor/machine.ts'
import { projectChecks, type ProjectFacts } from '../../../src/doctor/project-checks.ts'
import { formatChecks } from '../../../src/doctor/report.ts'
import { sandboxChecks } from '../../../src/doctor/sandbox-checks.ts'
import { toolChecks } from '../../../src/doctor/tool-checks.ts'
import type { ToolFacts } from '../../../src/doctor/tools.ts'
import type { Lock } from '../../../src/documents/lock.ts'
import { TagproofError, type ErrorCode } from '../../../src/platform/errors.ts'
import { needs } from '../../../src/platform/system-packages.mjs'

const more = { why: 'Because.', fix: 'Do it.' }
/** What is not in order, as `state name`. */
const told = (checks: readonly Check[]): string[] =>
  checks.filter(({ state }) => state !== 'ok').map(({ state, name }) => `${state} ${name}`)

describe('the exit status', () => {
  it.each([
    [[ok('tools', 'tool', 'x'), warn('machine', 'disk', 'x', more)], 0],
    [[fail('workflow', 'pins', 'x', more)], 2],
    [[fail('repository', 'tag-ruleset', 'x', more), fail('sandbox', 'sandbox', 'x', more)], 3]
  ] as const)('%j: %d', (checks, status) => {
    expect(statusOfChecks(checks)).toBe(status)
  })
})

it('the report has an area for each kind of line, why and fix, and no text that acts on a terminal', () => {
  const checks = [
    ok('tools', 'tool', 'git 2.39'),
    fail('workflow', 'pins', 'a\u001b[2Jb', { where: 'w.yml:3', ...more })
  ]
  expect(formatChecks(checks)).toBe(
    'Tools\n  ✓ git 2.39\n\nWorkflow\n  ✗ w.yml:3: ab\n      why  Because.\n      fix  Do it.\n\n1 in order, 0 to think about, 1 to mend: not ready for a release'
  )
  expect(formatChecks(checks, true)).toContain('\u001b[31m✗\u001b[0m')
})

describe('tools', () => {
  const facts: ToolFacts = {
    system: { id: 'debian', version: '12', name: 'Debian 12' },
    node: '24.1.0',
    tools: needs.map((need) => ({ need, present: true, version: null })),
    dockerfile: true,
    builder: { name: 'buildkit', version: 'v0.34.2' },
    setup: { action: 'nothing' }
  }
  const lacking = (program: string): ToolFacts['tools'] =>
    facts.tools.map((tool) => (tool.need.program === program ? { ...tool, present: false } : tool))

  it('are in order', () => {
    expect(told(toolChecks(facts))).toEqual([])
    expect(toolChecks(facts)).toHaveLength(needs.length + 3)
  })

  it('one that is missing is told with the line that installs it', () => {
    const setup = { action: 'ask', message: '', line: 'sudo apt-get install runc' } as const
    const [found] = toolChecks({ ...facts, tools: lacking('runc'), setup }).filter(
      ({ state }) => state === 'fail'
    )
    expect(found).toMatchObject({ what: 'runc is missing', fix: 'sudo apt-get install runc' })
    const able = { action: 'install' as const, packages: ['runc'], message: '', note: null }
    expect(
      toolChecks({ ...facts, tools: lacking('runc'), setup: able }).find(({ state }) => state === 'fail')?.fix
    ).toContain('--install')
  })

  it('one that is too old is told', () => {
    const tools = facts.tools.map((tool) => ({
      ...tool,
      version: tool.need.program === 'runc' ? '1.0.3' : '2.40.0'
    }))
    expect(
      toolChecks({ ...facts, tools })
        .filter(({ state }) => state === 'fail')
        .map(({ what }) => what)
    ).toEqual(['runc 1.0.3 is too old'])
  })

  it.each([
    [{ builder: null }, ['fail builder']],
    [{ builder: null, dockerfile: false }, []],
    [{ node: '18.20.0' }, ['fail node']],
    [{ system: { id: 'debian', version: '13', name: 'Debian 13' } }, ['warn system']],
    [
      { system: { id: 'fedora', version: '42', name: 'Fedora' }, setup: { action: 'foreign', message: '' } },
      ['fail system']
    ]
  ] as [Partial<ToolFacts>, string[]][])('%j', (other, expected) => {
    expect(told(toolChecks({ ...facts, ...other }))).toEqual(expected)
  })
})

describe('the machine', () => {
  const gibibyte = 1024 ** 3
  const now = Date.parse('2026-11-29T05:00:00Z')
  const state: MachineState = {
    disks: [{ purpose: 'cache', folder: '/c', freeBytes: 50 * gibibyte, freeFiles: 1e6 }],
    memoryBytes: 16 * gibibyte,
    cpus: 2,
    wantedBytes: 8 * gibibyte,
    clock: { here: now, server: { at: now + 2_000 }, head: now / 1000 - 60 }
  }
  const disk = (freeGib: number, freeFiles: number | null = null): Partial<MachineState> => ({
    disks: [{ purpose: 'output', folder: '/o', freeBytes: freeGib * gibibyte, freeFiles }]
  })
  const clock = (other: Partial<MachineState['clock']>): Partial<MachineState> => ({
    clock: { ...state.clock, ...other }
  })

  it.each([
    [{}, []],
    [disk(0.5), ['fail disk']],
    [disk(3), ['warn disk']],
    [disk(50, 100), ['fail disk']],
    [{ memoryBytes: gibibyte }, ['fail memory']],
    [{ memoryBytes: 4 * gibibyte }, ['warn memory']],
    [clock({ server: { at: now + 3 * 60_000 } }), ['warn clock']],
    [clock({ server: { at: now - 3600_000 } }), ['fail clock']],
    [clock({ head: now / 1000 + 3600 }), ['fail clock']],
    // What was not compared is never in order.
    [clock({ server: { unread: 'no network' } }), ['warn clock']],
    [clock({ head: null }), []]
  ])('%j: %j', (other, expected) => {
    expect(told(machineChecks({ ...state, ...other }))).toEqual(expected)
  })
})

describe('the sandbox', () => {
  const seen = { capabilities: '0000000000000000', noNewPrivileges: '1', network: ['lo'], hostName: 'x' }
  it.each([
    [seen, []],
    [{ ...seen, capabilities: '00000000a80425fb' }, ['fail sandbox']],
    [{ ...seen, noNewPrivileges: '0' }, ['fail sandbox']],
    [{ ...seen, network: ['lo', 'eth0'] }, ['fail sandbox']],
    // A look that told nothing proves nothing.
    [{ capabilities: '', noNewPrivileges: '', network: [], hostName: '' }, ['fail sandbox']]
  ])('%j: %j', (found, expected) => {
    expect(told(sandboxChecks([{ world: 'a', seen: found }]))).toEqual(expected)
  })

  it('that cannot be set up says why', () => {
    const error = new TagproofError('sandbox-unavailable', 'No world.', {
      output: 'a\ntime="x" level=error msg="exec: \\"/bin/sh\\": no cgroup"',
      fix: 'Do.'
    })
    expect(sandboxChecks([{ world: 'b', error }])).toEqual([
      {
        area: 'sandbox',
        name: 'sandbox',
        state: 'fail',
        what: 'World b could not be set up: exec: "/bin/sh": no cgroup',
        why: 'No world.',
        fix: 'Do.'
      }
    ])
  })
})

describe('the project', () => {
  const now = Date.parse('2026-11-29T05:00:00Z')
  const lockOf = (suite: string, date: string, architecture = 'amd64'): Lock =>
    ({
      schema: 'tagproof/lock/1',
      roots: {
        python: {
          suite,
          architecture,
          components: ['main'],
          indexes: [{ date }],
          requested: [],
          packages: [{}]
        }
      },
      python: {}
    }) as unknown as Lock
  const fresh = 'Sat, 28 Nov 2026 08:00:00 UTC'
  const facts: ProjectFacts = {
    error: null,
    uncommitted: [],
    targets: ['python'],
    sources: {},
    lock: lockOf('noble', fresh),
    stale: null,
    findings: [],
    released: true,
    architecture: 'amd64',
    now
  }
  const old = 'Mon, 28 Sep 2026 08:00:00 UTC'
  const finding = {
    check: 'policy',
    code: 'x',
    artifact: null,
    member: null,
    message: 'Dockerfile:1 x',
    cause: null,
    fix: null,
    waiver: null
  } as const
  const mirror = { mirror: 'http://archive.example/debian' }

  it.each([
    [{}, []],
    [{ lock: null }, ['fail lock']],
    [{ lock: null, released: false }, ['warn lock']],
    [{ stale: new TagproofError('lock-incomplete', 'Other.') }, ['fail lock']],
    [{ lock: lockOf('noble', old) }, ['warn lock-age']],
    [{ lock: lockOf('noble', old), sources: { store: 'inputs' } }, []],
    [
      { lock: lockOf('noble', 'Mon, 28 Sep 2025 08:00:00 UTC'), sources: { store: 'inputs' } },
      ['warn lock-age']
    ],
    [{ lock: lockOf('noble', 'once upon a time') }, ['warn lock-age']],
    [{ lock: lockOf('bookworm', fresh) }, ['warn lock-archive']],
    [{ lock: lockOf('bookworm', fresh), sources: mirror }, []],
    [{ lock: lockOf('noble', fresh, 'arm64') }, ['warn lock-architecture']],
    [{ uncommitted: ['.github/tagproof.lock'] }, ['warn uncommitted']],
    [{ error: new TagproofError('config-invalid', 'Wrong.', { where: 'f:1' }) }, ['fail project']],
    [
      {
        findings: [
          { ...finding, severity: 'refuse' },
          { ...finding, severity: 'warn' },
          { ...finding, severity: 'note' }
        ]
      },
      ['fail dockerfile', 'warn dockerfile']
    ]
  ] as [Partial<ProjectFacts>, string[]][])('%#: %j', (other, expected) => {
    expect(told(projectChecks({ ...facts, ...other }))).toEqual(expected)
  })
})

describe('destinations', () => {
  const refusing = (code: ErrorCode): TagproofError => new TagproofError(code, 'No.', { fix: 'Mend it.' })
  const asked = (result: TagproofError | null, canLogIn: boolean): PublishFacts => ({
    destinations: [
      {
        name: 'pypi',
        address: 'https://one/simple',
        result,
        noLogin: canLogIn ? null : { what: 'not tried', why: 'No token.', fix: 'Set one.' }
      }
    ]
  })

  it.each([
    ['one that takes the release', asked(null, true), []],
    ['one that refuses the project', asked(refusing('project-refused'), false), ['fail destination']],
    ['a login that cannot be tried here', asked(refusing('login-refused'), false), ['warn destination']],
    ['a login that is refused', asked(refusing('login-refused'), true), ['fail destination']],
    ['none at all', { none: 'destinations' }, ['warn destination']],
    [
      'no release to ask about',
      { none: 'release', folder: 'out', error: refusing('input-missing') },
      ['warn destination']
    ]
  ] as [string, PublishFacts, string[]][])('%s', (_what, facts, expected) => {
    expect(told(destinationChecks(facts))).toEqual(expected)
  })
})

it('docs/doctor.md explains every check, and no other', () => {
  const folder = path.resolve('src/doctor')
  const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts')
  )
  const names = new Set(
    sources.flatMap((name) => {
      const text = readFileSync(path.join(folder, name), 'utf8')
      const lines = text.matchAll(
        /\b(?:(?:ok|warn|fail)|warn\))\(\s*'[a-z]+',\s*'([a-z-]+)'|\b(?:notRead|errorCheck)\(\s*'([a-z-]+)'|WorkflowRule = \{\s*name: '([a-z-]+)'/g
      )
      return [...lines].map((found) => found[1] ?? found[2] ?? found[3] ?? '')
    })
  )
  expect(names.size).toBeGreaterThan(30)
  const page = readFileSync(path.resolve('docs/doctor.md'), 'utf8')
  const explained = [...page.matchAll(/^### `([a-z-]+)`$/gm)].map((found) => found[1])
  expect([...names].sort()).toEqual([...explained].sort())
})
