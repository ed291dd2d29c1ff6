import { describe, expect, it } from '@jest/globals'
import { printable } from '../../../src/platform/printable.ts'
import { seconds, terminalLog } from '../../../src/platform/terminal.ts'

function record(interactive: boolean): {
  text: () => string
  log: ReturnType<typeof terminalLog>
  at: (ms: number) => void
} {
  let written = ''
  let now = 0
  const log = terminalLog({
    write: (text) => (written += text),
    interactive,
    color: false,
    columns: () => 60,
    now: () => now
  })
  return { text: () => written, log, at: (ms) => (now = ms) }
}

describe('terminal log', () => {
  it('writes plain lines to a log file, with seconds at the end', () => {
    const { text, log, at } = record(false)
    const progress = log.begin('build python in world a')
    progress.line('running build_py')
    at(3400)
    progress.done('one.whl')
    log.close()
    expect(text()).toBe('> build python in world a\n✓ build python in world a  3.4 s  one.whl\n')
  })

  it('rewrites one line for each thing that goes on in a terminal', () => {
    const { text, log } = record(true)
    const a = log.begin('world a')
    const b = log.begin('world b')
    a.done()
    b.failed('refused')
    log.close()
    expect(text()).toContain('\u001b[2A\u001b[0J✓ world a  0.0 s\n')
    expect(text()).toContain('✗ world b  0.0 s  refused\n')
  })

  it('ends each thing once', () => {
    const { text, log } = record(false)
    const progress = log.begin('x')
    progress.done()
    progress.failed()
    expect(text().match(/[✓✗]/gu)).toEqual(['✓'])
  })

  it.each([
    ['\u001b[31mred\u001b[0m', 'red'],
    ['\u001b]0;title\u0007text', 'text'],
    ['::error::forged', '::error::forged'],
    ['a\u202eb', 'a b'],
    ['tab\there', 'tab here']
  ])('foreign output %j is shown as %j', (input, expected) => {
    expect(printable(input)).toBe(expected)
  })

  it.each([
    [3400, '3.4 s'],
    [59_949, '59.9 s'],
    [125_000, '2 min 05 s']
  ])('%d ms are %s', (milliseconds, expected) => {
    expect(seconds(milliseconds)).toBe(expected)
  })
})
