import { describe, expect, it } from '@jest/globals'
import { lastLines, plainEnvironment, run, runChecked } from '../../../src/platform/process.ts'

describe('process', () => {
  it('gives a child the chosen environment and nothing else', async () => {
    process.env.TAGPROOF_TEST_SECRET = 'do-not-leak'
    const inherited = await run('/usr/bin/env', [], { env: { ...(process.env as Record<string, string>) } })
    const chosen = await run('/usr/bin/env', [], { env: { ONLY: 'this' } })
    delete process.env.TAGPROOF_TEST_SECRET
    expect(inherited.stdout.toString()).toContain('do-not-leak')
    expect(chosen.stdout.toString()).toBe('ONLY=this\n')
  })

  it('hands arguments on as they are', async () => {
    const text = '$(id) `id` ; "x" \' *'
    expect(await runChecked('printf', ['%s', text], { env: plainEnvironment })).toBe(text)
  })

  it('feeds standard input and survives a child that does not read it', async () => {
    const big = Buffer.alloc(1 << 20, 'x')
    expect((await run('wc', ['-c'], { env: plainEnvironment, stdin: big })).stdout.toString().trim()).toBe(
      String(1 << 20)
    )
    expect((await run('true', [], { env: plainEnvironment, stdin: big })).code).toBe(0)
  })

  it('stops a child that takes too long', async () => {
    const result = await run('sleep', ['60'], { env: plainEnvironment, timeoutSeconds: 0.2 })
    expect(result.timedOut).toBe(true)
    expect(result.signal).toBe('SIGTERM')
  })

  it('stops a child on request', async () => {
    const stop = new AbortController()
    setTimeout(() => stop.abort(), 50)
    await expect(run('sleep', ['60'], { env: plainEnvironment, signal: stop.signal })).rejects.toMatchObject({
      code: 'cancelled'
    })
  })

  it('names a program that is not installed', async () => {
    await expect(run('tagproof-no-such-program', [], { env: plainEnvironment })).rejects.toMatchObject({
      code: 'tool-missing',
      message: expect.stringContaining('tagproof-no-such-program') as unknown
    })
  })

  it('tells the last lines of a failed child', async () => {
    await expect(
      runChecked('sh', ['-c', 'echo first; echo last >&2; exit 3'], { env: plainEnvironment })
    ).rejects.toMatchObject({
      message: expect.stringContaining('status 3') as unknown,
      detail: { output: 'last' }
    })
  })

  it('keeps the end of a long output in bounded memory', async () => {
    const result = await run('sh', ['-c', 'yes | head -c 3000000; printf END'], {
      env: plainEnvironment,
      keepBytes: 1000
    })
    expect(result.stdout.length).toBe(1000)
    expect(result.stdout.toString().endsWith('END')).toBe(true)
  })

  it('reports lines as they come', async () => {
    const lines: string[] = []
    await run('printf', ['a\\nb\\r\\nc'], { env: plainEnvironment, onLine: (line) => lines.push(line) })
    expect(lines).toEqual(['a', 'b', 'c'])
    expect(lastLines('1\n2\n3\n', 2)).toBe('2\n3')
  })
})
