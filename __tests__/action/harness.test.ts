import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { rmdirSync } from 'node:fs'
import path from 'node:path'
import { parseFileCommands } from './harness/file-commands.ts'
import { Machine } from './harness/fixture.ts'
import { Watch } from './harness/left-behind.ts'
import { runJob } from './harness/runner.ts'
import { CommandReader, Masker } from './harness/workflow-commands.ts'

/** The harness is only worth what it knows of the runner: its rules, each with the runner's own file. */
describe('file commands (FileCommandManager.cs)', () => {
  it('are lines and blocks', () => {
    expect([...parseFileCommands('a=1\n\nb<<EOF\none\ntwo=2\nEOF\nc=x<<y\n')]).toEqual([
      ['a', '1'],
      ['b', 'one\ntwo=2'],
      ['c', 'x<<y']
    ])
  })

  it.each([
    ['no value', "Invalid format 'no value'"],
    ['a<<EOF\n1\n', "Matching delimiter not found 'EOF'"],
    ['<<EOF\n1\nEOF\n', 'Name must not be empty']
  ])('fail the step on %j', (text, message) => {
    expect(() => parseFileCommands(text)).toThrow(message)
  })
})

describe('workflow commands (ActionCommandManager.cs, ExecutionContext.cs)', () => {
  const read = (...lines: string[]): CommandReader => {
    const reader = new CommandReader(new Masker())
    for (const line of lines) reader.line(line)
    return reader
  }

  it('show ten annotations of a kind, each cut', () => {
    const annotations = read(
      ...Array.from({ length: 30 }, () => `::error::${'x'.repeat(9000)}`),
      '::warning title=a%3A b::said'
    ).annotations()
    expect(annotations).toHaveLength(11)
    expect(annotations[0]?.message).toHaveLength(4096)
    expect(annotations[10]).toEqual({ kind: 'warning', title: 'a: b', message: 'said' })
  })

  it('stop until their token, and are then part of the log', () => {
    const reader = read('::stop-commands::t', '::error::one', '::other::', '::t::', '::error::two')
    expect(reader.annotations().map(({ message }) => message)).toEqual(['two'])
    expect(reader.log).toEqual(['::error::one', '::other::'])
  })

  it('mask a value and each of its lines', () => {
    expect(read('::add-mask::first%0Asecond', 'a first, a second').log).toEqual(['a ***, a ***'])
  })
})

describe('a job', () => {
  let machine: Machine
  beforeAll(() => {
    machine = new Machine()
  })
  afterAll(() => machine.remove())

  it('hands on outputs and environment, but not NODE_OPTIONS, skips after a failure, and drops a large summary', async () => {
    const steps = [
      { id: 'one', run: 'echo "v=1" >> "$GITHUB_OUTPUT"; printf "A=b\\nNODE_OPTIONS=x\\n" >> "$GITHUB_ENV"' },
      { id: 'two', run: 'echo "${{ steps.one.outputs.v }} $A ${NODE_OPTIONS-unset}"' },
      { id: 'three', run: 'head -c 1100000 /dev/zero | tr "\\0" x > "$GITHUB_STEP_SUMMARY"; exit 3' },
      { id: 'four', run: 'echo never' },
      { id: 'five', if: 'always()', run: 'echo ${{ steps.three.outcome }}' }
    ]
    const result = await runJob(machine.job({ steps }))
    expect(result.log).toBe('1 b unset\nfailure\n')
    expect(result.conclusion).toBe('failure')
    expect(result.annotations.three?.[0]?.message).toContain('too large')
    expect(result.records[2]?.summary).toBe('')
  })

  it('is watched: each thing that it leaves behind on a self-hosted machine is told', async () => {
    machine.commit({ 'README.md': 'A project.\n' }, 'v1.0.0')
    const watch = new Watch(machine)
    const script = [
      'setsid sleep 600 >/dev/null 2>&1 & echo "pid $!"',
      'echo x > /tmp/stray; echo x > "$HOME/cache"; echo x > "$RUNNER_TEMP/tagproof-x"; echo x > dist.txt',
      'cd /sys/fs/cgroup/pids 2>/dev/null || cd /sys/fs/cgroup; group="$PWD/tagproof/left-$$"',
      'mkdir -p "$group"; echo "group $group"'
    ]
    try {
      const { log } = await runJob(machine.job({ steps: [{ run: script.join('\n') }], wrap: watch.wrap }))
      const [, pid = '', group = ''] = /^pid (\d+)\ngroup (.*)\n$/.exec(log) ?? []
      try {
        expect(await watch.left(0)).toEqual([
          'runner temp: tagproof-x',
          '/tmp: stray',
          'home: cache',
          'workspace: dist.txt',
          expect.stringMatching(`^process ${pid}: `),
          `control group ${group}`
        ])
      } finally {
        process.kill(Number(pid))
        rmdirSync(group)
        try {
          rmdirSync(path.dirname(group))
        } catch {
          // A sandbox of another test is in it.
        }
      }
    } finally {
      watch.remove()
    }
  })

  it('tells when an output holds a secret: the runner would drop it', async () => {
    const steps = [{ id: 'one', run: 'echo "v=token-1" >> "$GITHUB_OUTPUT"' }]
    const result = await runJob(machine.job({ steps, secrets: { TOKEN: 'token-1' } }))
    expect(result.warnings).toEqual(['output one.v may contain a secret'])
  })
})
