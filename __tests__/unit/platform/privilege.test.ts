import { describe, expect, it } from '@jest/globals'
import { TagproofError } from '../../../src/platform/errors.ts'
import { privileged, requirePrivilege } from '../../../src/platform/privilege.ts'

describe('privilege', () => {
  it('is there for root: commands stay as they are', () => {
    expect(privileged('unshare', ['--mount'], 0)).toEqual({ command: 'unshare', args: ['--mount'] })
  })

  it('comes through sudo, which never asks, for everybody else', () => {
    expect(privileged('unshare', ['--mount'], 1001)).toEqual({
      command: 'sudo',
      args: ['-n', '--', 'unshare', '--mount']
    })
  })

  it('is not asked for by root', async () => {
    await requirePrivilege(0, () => Promise.reject(new Error('asked')))
  })

  it('is missing where sudo wants a password, and says what to do', async () => {
    const refusing = requirePrivilege(1001, () =>
      Promise.resolve({ code: 1, stderr: Buffer.from('sudo: a password is required\n') })
    )
    await expect(refusing).rejects.toMatchObject({
      code: 'privilege-missing',
      detail: { found: 'sudo: a password is required', fix: expect.stringContaining('sudo') }
    })
  })

  it('is missing where there is no sudo', async () => {
    const missing = requirePrivilege(1001, () => Promise.reject(new TagproofError('tool-missing', 'no sudo')))
    await expect(missing).rejects.toMatchObject({ code: 'privilege-missing', detail: { found: 'no sudo' } })
  })
})
