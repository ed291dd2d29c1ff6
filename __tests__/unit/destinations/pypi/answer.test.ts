import { describe, expect, it } from '@jest/globals'
import { judgeAnswer, serverWords, type UploadAnswer } from '../../../../src/destinations/pypi/answer.ts'
import { loginRefused, uploadRefused } from '../../../../src/destinations/pypi/refusals.ts'
import { knownServices } from '../../../../src/destinations/pypi/services.ts'

function answer(status: number, more: Partial<UploadAnswer> = {}): UploadAnswer {
  return { status, statusText: '', contentType: '', body: '', whole: true, ...more }
}

describe('an answer to an upload', () => {
  it.each<[string, UploadAnswer, string]>([
    ['200', answer(200), 'done'],
    ['201 of other indexes', answer(201), 'done'],
    ['200 that broke off', answer(200, { whole: false }), 'ask'],
    ['307', answer(307), 'moved'],
    ['308', answer(308), 'moved'],
    ['401', answer(401), 'login'],
    ['403', answer(403), 'login'],
    ['a proxy that wants a login', answer(407), 'login'],
    ['408', answer(408), 'ask'],
    ['429', answer(429), 'ask'],
    ['500', answer(500), 'ask'],
    ['502', answer(502), 'ask'],
    ['503', answer(503), 'ask'],
    ['504', answer(504), 'ask'],
    ['409', answer(409), 'exists'],
    ['400 of a file that is there', answer(400, { statusText: 'File already exists (x)' }), 'exists'],
    ['the same in JSON', answer(400, { body: '{"code":"400 File already exists"}' }), 'exists'],
    ['400 for anything else', answer(400, { statusText: 'Invalid distribution file.' }), 'refused'],
    ['404', answer(404), 'refused'],
    ['413', answer(413), 'refused'],
    ['422', answer(422), 'refused']
  ])('%s', (_name, given, judged) => {
    expect(judgeAnswer(given)).toBe(judged)
  })
})

describe('the words of a server', () => {
  const html = 'text/html; charset=utf-8'
  it.each<[string, UploadAnswer, string]>([
    [
      'PyPI in JSON',
      answer(400, {
        statusText: 'File too large.',
        body: '{"message":"The server could not comply.\\n\\n\\n","code":"400 File too large.","title":"Bad Request"}'
      }),
      '400: File too large.: The server could not comply.'
    ],
    [
      'problem details',
      answer(400, { body: '{"title":"Bad","detail":"No such thing"}' }),
      '400: No such thing'
    ],
    ['a title alone', answer(400, { body: '{"title":"Bad Request"}' }), '400: Bad Request'],
    [
      'a list of errors',
      answer(422, {
        body: '{"message":"Failed","errors":[{"code":"invalid-publisher","description":"none"}]}'
      }),
      '422: Failed: invalid-publisher: none'
    ],
    ['the first line', answer(400, { statusText: 'Only one sdist' }), '400: Only one sdist'],
    [
      'a page',
      answer(409, {
        statusText: 'Conflict',
        contentType: html,
        body: '<html><title>Error</title><style>p{}</style><h1>Error</h1><p>There &amp; &#039;here&#039;</p></html>'
      }),
      "409: Conflict: Error There & 'here'"
    ],
    ['plain text', answer(400, { body: 'no\n\n way' }), '400: no way'],
    ['nothing', answer(502), 'status 502'],
    ['control characters', answer(400, { statusText: 'a\u001b[31mb\u0007c' }), '400: ab c'],
    ['JSON that is no object', answer(400, { body: '[1]' }), '400: [1]']
  ])('are found in %s', (_name, given, words) => {
    expect(serverWords(given)).toBe(words)
  })

  it('are bounded', () => {
    expect(serverWords(answer(400, { body: 'x'.repeat(50_000) })).length).toBeLessThan(700)
  })

  it('never show what the server was told in confidence', () => {
    const words = serverWords(answer(403, { statusText: 'no pypi-abc and cHlwaS1hYmM=' }), [
      'pypi-abc',
      'cHlwaS1hYmM='
    ])
    expect(words).toBe('403: no *** and ***')
  })
})

describe('a refusal', () => {
  const service = knownServices.pypi
  it.each([
    ['This filename was previously used by a file that has since been deleted.', /Release a new version/],
    ['Uploading new files to releases older than 14 days is not allowed.', /after 14 days/],
    ['File already exists', /under another name/],
    ["The name 'x' is too similar to an existing project.", /Choose another one/],
    ["The name 'sys' isn't allowed (conflict with a module of Python).", /Choose another one/],
    ['File too large. Limit is 100 MB.', /higher limit/],
    ['Non-user identities cannot create new projects.', /pending publisher/],
    ['Invalid attestations supplied during upload', /attestations: false/],
    ['Something new', /what the server says/]
  ])('%s', (words, fix) => {
    const error = uploadRefused(service, 'x.whl', words)
    expect([error.code, error.detail.found]).toEqual(['upload-refused', words])
    expect(error.detail.fix).toMatch(fix)
  })

  it.each([
    ['403: Read-only mode: Uploads are temporarily disabled.', /run the job again later/],
    ["403: The given token isn't allowed to upload to project 'x'.", /archived project takes no files/],
    ['403: User does not have a verified primary email address', /owner of the token/],
    ['403: Invalid or non-existent authentication information.', /new token/]
  ])('of a login: %s', (words, fix) => {
    expect(loginRefused(service, words).detail.fix).toMatch(fix)
  })
})
