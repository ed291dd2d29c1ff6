import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { checkedSigner } from '../../../../src/destinations/apt/checked-signer.ts'
import { openSigner, type SignerRequest } from '../../../../src/destinations/apt/open-signer.ts'
import { keySigner } from '../../../../src/destinations/apt/signer-key.ts'
import { commandSigner } from '../../../../src/destinations/apt/signer-command.ts'
import type { ReleaseSigner } from '../../../../src/destinations/apt/signer.ts'
import { describeError, TagproofError } from '../../../../src/platform/errors.ts'
import { run } from '../../../../src/platform/process.ts'
import { openGpgHome, type GpgHome } from '../../support/apt/gpg-key.ts'

const text = 'Suite: stable\nDate: Tue, 14 Nov 2023 22:13:20 UTC\nSHA256:\n 00 0 main/binary-amd64/Packages\n'
let home: GpgHome
let now: number
/** Certify-only primary, two signing subkeys, one for encryption: as the docs say. */
let primary: string
const subkeys: Record<string, string> = {}
let secret: string
let publicKey: string

beforeAll(async () => {
  home = await openGpgHome()
  primary = await home.makeKey('ed25519', 'cert')
  subkeys.old = await home.addSubkey(primary, 'rsa3072', 'sign')
  subkeys.encryption = await home.addSubkey(primary, 'cv25519', 'encr')
  subkeys.new = await home.addSubkey(primary, 'ed25519', 'sign', '2y')
  secret = await home.exported('--export-secret-subkeys', primary)
  publicKey = await home.exported('--export', primary)
  now = home.now()
})
afterAll(() => home.close())

const keyFile = (content: string): { bytes: Buffer; file: string } => ({
  bytes: Buffer.from(content),
  file: 'archive-key.asc'
})

/** What gpgv and sqv, of two families, say of both signatures. */
async function judged(signer: ReleaseSigner, key: string, date = now): Promise<Record<string, boolean>> {
  const folder = path.join(home.folder, 'judged')
  await mkdir(folder, { recursive: true })
  const at = (name: string): string => path.join(folder, name)
  await writeFile(at('key.asc'), key)
  await writeFile(at('Release'), text)
  await writeFile(at('Release.gpg'), await signer.detached(text, date))
  await writeFile(at('InRelease'), await signer.clearsigned(text, date))
  await home.gpg('--output', at('key.gpg'), '--dearmor', at('key.asc'))
  const options = { cwd: folder, env: home.environment }
  const status = async (program: string, ...args: string[]): Promise<boolean> =>
    (await run(program, args, options)).code === 0
  return {
    gpgvDetached: await status('gpgv', '--keyring', at('key.gpg'), at('Release.gpg'), at('Release')),
    gpgvClear: await status('gpgv', '--keyring', at('key.gpg'), at('InRelease')),
    sqvDetached: await status('sqv', '--keyring', at('key.asc'), at('Release.gpg'), at('Release'))
  }
}
const allAgree = { gpgvDetached: true, gpgvClear: true, sqvDetached: true }

function thrown(use: () => unknown): TagproofError {
  try {
    use()
  } catch (error) {
    if (error instanceof TagproofError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

describe('a signer of a secret subkey', () => {
  it('takes the newest valid one, whose signatures gpgv and sqv accept, and is always the same', async () => {
    const signer = keySigner({ secret, now, source: 'apt-signing-key' })
    expect(signer.fingerprint).toBe(primary)
    expect(await judged(signer, publicKey)).toEqual(allAgree)
    expect(await judged(signer, signer.publicKey)).toEqual(allAgree)
    expect(await signer.clearsigned(text, now)).toBe(await signer.clearsigned(text, now))
    const packets = await run('gpg', ['--list-packets'], {
      cwd: home.folder,
      env: home.environment,
      stdin: Buffer.from(await signer.detached(text, now))
    })
    expect(packets.stdout.toString()).toContain(subkeys.new)
    expect(packets.stdout.toString()).toContain('digest algo 10')
    expect(signer.publicKey).not.toContain('PRIVATE')
  })

  it.each([['rsa3072'], ['rsa4096']])('signs with %s', async (form) => {
    const key = await home.makeKey(form, 'cert,sign')
    const exported = await home.exported('--export-secret-keys', key)
    const signer = keySigner({ secret: exported, now: home.now(), source: 'x' })
    expect(await judged(signer, await home.exported('--export', key), home.now())).toEqual(allAgree)
  })

  it('another text, or one changed letter, is not what was signed', async () => {
    const signer = keySigner({ secret, now, source: 'x' })
    const forged: ReleaseSigner = {
      ...signer,
      clearsigned: async (wanted, date) =>
        (await signer.clearsigned(wanted, date)).replace('stable', 'stably')
    }
    expect(await judged(forged, publicKey)).toEqual({ ...allAgree, gpgvClear: false })
    const checked = checkedSigner({ signer: forged, key: keyFile(publicKey), now: () => now })
    await expect(checked.sign(text, now)).rejects.toMatchObject({ code: 'signing-failed' })
  })

  it('says what is wrong with a key, and what to do, and nothing of its bytes', async () => {
    const locked = await home.makeKey('ed25519', 'cert,sign', { passphrase: 'secret words' })
    const lockedText = await home.exported('--export-secret-keys', locked, '--passphrase', 'secret words')
    const short = await home.makeKey('ed25519', 'cert,sign', { expires: 'seconds=100' })
    const shortText = await home.exported('--export-secret-keys', short)
    const stub = await home.makeKey('ed25519', 'cert,sign')
    await home.addSubkey(stub, 'cv25519', 'encr')
    const cases: readonly (readonly [string, string, number, RegExp])[] = [
      ['passphrase', lockedText, home.now(), /protected by a passphrase/],
      ['expired', shortText, home.now() + 500, /expired on/],
      ['no secret', await home.exported('--export-secret-subkeys', stub), home.now(), /without its secret/],
      ['public', publicKey, now, /does not begin with/],
      ['cut', secret.slice(0, secret.length / 2), now, /missing/],
      ['changed', secret.replace(/\n[A-Za-z]/, '\n/'), now, /checksum|begin|packet|ends/],
      ['two', secret + lockedText, now, /2 keys/],
      ['nothing', 'x', now, /does not begin/],
      ['before it was made', secret, now - 86_400, /signature|future/]
    ]
    for (const [what, given, at, expected] of cases) {
      const error = thrown(() => keySigner({ secret: given, now: at, source: 'apt-signing-key' }))
      expect([what, error.code, error.detail.found]).toEqual([
        what,
        'signing-key',
        expect.stringMatching(expected)
      ])
      expect(error.detail.fix).toBeDefined()
      for (const line of given.split('\n').filter((one) => one.length === 64))
        expect(describeError(error)).not.toContain(line)
    }
  })

  it('passes a revoked subkey over, and stops where no other is left', async () => {
    const key = await home.makeKey('ed25519', 'cert')
    await home.addSubkey(key, 'ed25519', 'sign')
    const revoked = await home.addSubkey(key, 'ed25519', 'sign')
    const edit = async (...commands: string[]): Promise<void> => {
      const result = await run('gpg', ['--command-fd', '0', '--status-fd', '2', '--pinentry-mode', 'loopback', '--passphrase', '', '--no-tty', '--faked-system-time', String(home.now()), '--edit-key', key], { cwd: home.folder, env: home.environment, stdin: Buffer.from(`${commands.join('\n')}\n`) }) // prettier-ignore
      expect(result.code).toBe(0)
    }
    await edit('key 2', 'revkey', 'y', '0', '', 'y', 'save')
    const signer = keySigner({
      secret: await home.exported('--export-secret-subkeys', key),
      now: home.now(),
      source: 'x'
    })
    expect(await judged(signer, await home.exported('--export', key), home.now())).toEqual(allAgree)
    await edit('key 1', 'revkey', 'y', '0', '', 'y', 'save')
    const error = thrown(() => keySigner({ secret: home.folder, now, source: 'x' }))
    expect(error.code).toBe('signing-key')
    const exported = await home.exported('--export-secret-subkeys', key)
    const none = thrown(() => keySigner({ secret: exported, now: home.now(), source: 'x' }))
    expect(none.detail.found).toContain(`${revoked} is revoked`)
  })
})

describe('a signer command', () => {
  const request = (changes: Partial<SignerRequest>): SignerRequest => ({
    destination: 'apt',
    key: keyFile(publicKey),
    command: ['gpg', '--batch', '--armor', '--local-user', `${subkeys.new ?? ''}!`],
    secret: undefined,
    source: 'apt-signing-key',
    environment: { ...home.environment, APT_TOKEN: 'of another destination' },
    folder: home.folder,
    now: () => Math.floor(Date.now() / 1000),
    ...changes
  })
  const shell = (script: string): string[] => ['sh', '-c', script, 'signer']

  it('gpg is one as it stands; its signatures are held against the key', async () => {
    const signed = await openSigner(request({})).sign(text, now)
    expect(signed.inRelease).toContain(text)
    const other = await home.makeKey('ed25519', 'cert,sign')
    const stranger = openSigner(request({ command: ['gpg', '--batch', '--armor', '--local-user', other] }))
    await expect(stranger.sign(text, now)).rejects.toMatchObject({
      code: 'signing-failed',
      detail: { found: expect.stringContaining('none of the trusted keys') as unknown }
    })
  })

  it('one that fails half-way, hangs, says nothing or signs something else gives out nothing', async () => {
    const failing =
      'case "$1" in --clearsign) exec gpg --batch --armor --clearsign;; *) echo no quota >&2; exit 3;; esac'
    await expect(openSigner(request({ command: shell(failing) })).sign(text, now)).rejects.toMatchObject({
      code: 'signing-failed',
      detail: { output: 'no quota', found: 'status 3' }
    })
    await expect(openSigner(request({ command: shell('cat >&2') })).prove(now)).rejects.toMatchObject({
      detail: { found: 'an empty answer' }
    })
    const altered = shell(
      `sed s/stable/stably/ | exec gpg --batch --armor --local-user ${subkeys.new ?? ''}! "$1"`
    )
    await expect(openSigner(request({ command: altered })).sign(text, now)).rejects.toMatchObject({
      detail: { found: 'another text was signed' }
    })
    const hanging = commandSigner({
      ...request({}),
      command: shell('exec sleep 60'),
      fingerprint: primary,
      publicKey,
      timeoutSeconds: 0.2
    })
    await expect(hanging.detached(text, now)).rejects.toMatchObject({ detail: { found: 'a time-out' } })
  })

  it('sees what it is allowed to see, and no token of ours', async () => {
    const environment = {
      PATH: home.environment.PATH,
      TAGPROOF_SIGNER_TOKEN: 'mine',
      TAGPROOF_PYPI_TOKEN: 'x',
      AWS_X: 'y'
    }
    const command = shell('env')
    const signer = commandSigner({ ...request({ environment }), command, fingerprint: primary, publicKey })
    const seen = (await signer.detached(text, now))
      .split('\n')
      .filter((line) => !/^(PWD|SHLVL|_|OLDPWD)=/.test(line))
    expect(seen.filter((line) => line !== '').sort()).toEqual([
      `PATH=${environment.PATH ?? ''}`,
      'TOKEN=mine'
    ])
  })

  it('needs the key that its signatures are held against', () => {
    expect(thrown(() => openSigner(request({ key: null }))).code).toBe('config-invalid')
    expect(thrown(() => openSigner(request({ key: keyFile('x') }))).code).toBe('signing-key')
    expect(
      thrown(() => openSigner(request({ key: keyFile(secret.replaceAll('PRIVATE', 'PUBLIC')) }))).detail.found
    ).toContain('SECRET')
  })
})

it('a secret of another key than users trust is refused, and so is none', async () => {
  const other = await home.exported('--export', await home.makeKey('ed25519', 'cert,sign'))
  const base = {
    destination: 'apt',
    command: null,
    source: 'apt-signing-key',
    environment: {},
    folder: '/',
    now: () => now
  }
  const error = thrown(() => openSigner({ ...base, key: keyFile(other), secret }))
  expect([error.code, error.detail.found]).toEqual(['signing-key', primary])
  expect(thrown(() => openSigner({ ...base, key: null, secret: ' ' })).code).toBe('signing-key')
  // While keys change, the file has both.
  await openSigner({ ...base, key: keyFile(other + publicKey), secret }).prove(now)
})
