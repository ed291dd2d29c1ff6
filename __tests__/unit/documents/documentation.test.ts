import { execFile } from 'node:child_process'
import { describe, expect, it } from '@jest/globals'

describe('the documentation', () => {
  it('explains every error code, and its links lead somewhere', async () => {
    const ended = await new Promise<string>((resolve) => {
      execFile(process.execPath, ['scripts/lint-docs.mjs'], (_error, _stdout, stderr) => resolve(stderr))
    })
    expect(ended.trim().split('\n').filter(Boolean)).toEqual([])
  })
})
