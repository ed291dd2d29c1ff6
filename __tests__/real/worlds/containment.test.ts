import { beforeAll, describe, expect, it } from '@jest/globals'
import { access, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pythonRoot } from '../support/root.ts'
import { freshId, inWorld, leftOf, python, testLimits } from '../support/world.ts'

beforeAll(() => pythonRoot(), 600_000)

describe('a build that misbehaves', () => {
  it('cannot start more processes than allowed: a fork bomb ends, and the last lines tell', async () => {
    const id = freshId()
    const bomb = await python('a', 'import os\nprint("before the bomb", flush=True)\nwhile True: os.fork()', {
      id,
      limits: { ...testLimits, minutes: 0.2 }
    })
    expect(bomb.contained).toBe('processes')
    expect(bomb.output).toMatch(/before the bomb|Resource temporarily unavailable/)
    expect(await leftOf(id)).toEqual([])
  })

  it('is ended by a time-out, also where it ignores every polite signal', async () => {
    const id = freshId()
    const endless = 'trap "" TERM INT HUP; echo last words; while :; do :; done'
    const began = Date.now()
    const result = await inWorld('b', ['sh', '-c', endless], { id, limits: { ...testLimits, minutes: 0.03 } })
    expect(result).toMatchObject({ code: null, contained: 'timeout', output: 'last words', files: [] })
    expect(Date.now() - began).toBeLessThan(15_000)
    expect(await leftOf(id)).toEqual([])
  })

  it('cannot write more than allowed', async () => {
    const id = freshId()
    const fill = 'print("filling", flush=True)\nf = open("/tmp/f", "wb")\nwhile True: f.write(bytes(1 << 20))'
    const result = await python('a', fill, { id })
    expect(result).toMatchObject({ code: 1, contained: 'disk' })
    expect(result.output).toMatch(/^filling\n[^]*No space left on device$/)
    expect(await leftOf(id)).toEqual([])
  })

  it.each(['/out', '/dev/shm', '/var/tmp'])('shares the same room in %s', async (folder) => {
    const fill = `f = open("${folder}/f", "wb")\nwhile True: f.write(bytes(1 << 20))`
    expect((await python('a', fill)).contained).toBe('disk')
  })

  it('cannot take more memory than allowed', async () => {
    const id = freshId()
    const grow = 'print("growing", flush=True)\nl = []\nwhile True: l.append(b"x" * (10 << 20))'
    const result = await python('a', grow, { id, limits: { ...testLimits, 'memory-mib': 64 } })
    expect(result.contained).toBe('memory')
    expect(result.code).not.toBe(0)
    expect(result.output).toMatch(/^growing/)
    expect(await leftOf(id)).toEqual([])
  })

  it('cannot change its output after it has ended: background processes end first', async () => {
    const id = freshId()
    const code = `
import os, subprocess, sys, time
open("/out/x.whl", "w").write("built")
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        while True:
            open("/out/x.whl", "w").write("rewritten")
            time.sleep(0.001)
    os._exit(0)
time.sleep(0.3)
open("/out/x.whl", "w").write("built")
open("/out/late", "w").write(open("/out/x.whl").read())
os._exit(0)`
    const result = await python('a', code, { id })
    expect(result.code).toBe(0)
    // The process did live beside the build; what came out was read when none was left.
    expect(['built', 'rewritten', '']).toContain(result.contents['x.whl'])
    expect(await leftOf(id)).toEqual([])
  })

  it('does not keep its world alive with a process that holds the output pipe', async () => {
    const began = Date.now()
    const result = await inWorld('a', ['sh', '-c', 'setsid sleep 60 & echo done'])
    expect(result).toMatchObject({ code: 0, output: 'done' })
    expect(Date.now() - began).toBeLessThan(15_000)
  })

  it.each<[string, string, RegExp]>([
    ['a link to a file of the host', 'ln -s /etc/shadow /out/x.whl', /a link to "\/etc\/shadow"/],
    ['a link out of its folder', 'mkdir /out/dist; ln -s ../../etc /out/dist/x', /a link to "..\/..\/etc"/],
    ['a pipe', 'mkfifo /out/x', /named pipe/]
  ])('cannot hand over %s', async (_, script, found) => {
    const folder = await mkdtemp(path.join(tmpdir(), 'tagproof-output-test-'))
    const run = inWorld('a', ['sh', '-c', `echo packing; echo good > /out/a; ${script}`], { outputs: folder })
    await expect(run).rejects.toMatchObject({
      code: 'build-output',
      detail: { found: expect.stringMatching(found), output: 'packing' }
    })
    expect(await readdir(folder)).toEqual([])
    await rm(folder, { recursive: true })
  })

  it('cannot fill the disk of the host with a file that is mostly a hole', async () => {
    const run = inWorld('a', ['truncate', '--size=1T', '/out/x.whl'])
    await expect(run).rejects.toMatchObject({ code: 'build-output' })
  })

  it('hands a second name of a file over as a file', async () => {
    const result = await inWorld('a', ['sh', '-c', 'echo x > /out/a; ln /out/a /out/b'])
    expect(result.contents).toEqual({ a: 'x\n', b: 'x\n' })
  })

  it('cannot write to its root, only to its own places', async () => {
    const tries = '/usr/bin/x /etc/x /x /opt/x /sys/x /proc/sys/kernel/hostname /run/x /root/x'
    const script = `for f in ${tries}; do if (echo x > $f) 2>/dev/null; then echo wrote $f; fi; done; echo end`
    expect((await inWorld('a', ['sh', '-c', script])).output).toBe('end')
  })

  it('leaves nothing of one run to the next', async () => {
    await inWorld('a', ['sh', '-c', 'for d in /tmp /var/tmp /out /dev/shm ~; do echo x > $d/mark; done'])
    const next = await inWorld('a', ['sh', '-c', 'ls /tmp /var/tmp /out /dev/shm ~ | grep mark; true'])
    expect(next.output).toBe('')
  })
})

describe('a build that fails', () => {
  it('says its status and its last lines, and nothing of its output is taken', async () => {
    const result = await inWorld('a', ['sh', '-c', 'echo one; echo two >&2; echo x > /out/x; exit 3'])
    expect(result).toMatchObject({ code: 3, contained: null, output: 'one\ntwo', files: [] })
  })

  it('is told apart from a program that is not there', async () => {
    const result = await inWorld('a', ['no-such-program'])
    expect(result.code).toBe(127)
    expect(result.output).toMatch(/no-such-program: not found/)
  })

  it('does not leave the folder of the world on the host', async () => {
    await inWorld('a', ['true'])
    await expect(access('/run/tagproof/world/rootfs')).rejects.toMatchObject({ code: 'ENOENT' })
  })
})
