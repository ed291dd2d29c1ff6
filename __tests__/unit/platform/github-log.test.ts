import { describe, expect, it } from '@jest/globals'
import { CommandGate, githubLog } from '../../../src/platform/github-log.ts'
import { CommandReader, Masker } from '../../action/harness/workflow-commands.ts'

/** What the runner makes of everything that `speak` prints. */
function heard(speak: (gate: CommandGate, write: (text: string) => void) => void): CommandReader {
  let text = ''
  const write = (part: string): void => {
    text += part
  }
  const gate = new CommandGate(write)
  speak(gate, write)
  gate.open()
  write('::notice::after\n')
  const reader = new CommandReader(new Masker())
  for (const line of text.split('\n')) reader.line(line)
  return reader
}

describe('the log of a step', () => {
  const attacks = [
    '::error::planted',
    '::add-mask::a',
    '  ::warning title=x::planted',
    '##[error]planted',
    'x\u001b[2K\r::error::planted',
    'first\n::error::planted',
    '::stop-commands::mine',
    '::mine::'
  ]

  it.each(attacks)('does not let %j speak to the runner', (line) => {
    const reader = heard((gate, write) => {
      githubLog(gate, write).info(line)
      const part = githubLog(gate, write).begin(line)
      part.line(line)
      part.done(line)
    })
    expect(reader.annotations()).toEqual([{ kind: 'notice', title: '', message: 'after' }])
    expect(reader.log.join('\n')).not.toContain('***')
  })

  it('lets our own commands through, in their place', () => {
    const reader = heard((gate, write) => {
      gate.print('::error::planted')
      gate.command(() => write('::error title=ours::said\n'))
      gate.print('::error::planted')
    })
    expect(reader.annotations().map((annotation) => annotation.message)).toEqual(['said', 'after'])
  })

  it('opens one group however many parts run at once, and tells how each ended outside of it', () => {
    const said: string[] = []
    const gate = new CommandGate((text) => void said.push(text.trimEnd()), 'token')
    let now = 0
    const log = githubLog(
      gate,
      (text) => void said.push(text.trimEnd()),
      () => now
    )
    const a = log.begin('world a')
    const b = log.begin('world b')
    now = 2500
    a.done('one wheel')
    b.failed()
    b.failed()
    const told = said.filter((line) => !line.includes('token'))
    expect(told).toEqual([
      'world a',
      '::group::Details',
      'world b',
      '✓ world a (2.5 s): one wheel',
      '::endgroup::',
      '✗ world b (2.5 s)'
    ])
  })
})
