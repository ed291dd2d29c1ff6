import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { plainEnvironment, run, runChecked } from '../../../../src/platform/process.ts'

/** A home of GnuPG of its own, with keys that are made there. */
export interface GpgHome {
  folder: string
  /** Seconds since 1970: later than everything that was made so far, and a month ago. */
  now: () => number
  environment: Record<string, string>
  /** Makes a key for certifying alone; with a passphrase where one is given. @returns its fingerprint */
  makeKey: (
    form: string,
    usage: string,
    options?: { passphrase?: string; expires?: string }
  ) => Promise<string>
  /** @returns the fingerprint of the new subkey */
  addSubkey: (fingerprint: string, form: string, usage: string, expires?: string) => Promise<string>
  gpg: (...args: string[]) => Promise<string>
  /** `--export` or `--export-secret-subkeys`, armored. */
  exported: (what: string, fingerprint: string, ...options: string[]) => Promise<string>
  close: () => Promise<void>
}

export async function openGpgHome(): Promise<GpgHome> {
  const folder = await mkdtemp(path.join(tmpdir(), 'tagproof-gpg-'))
  const environment = { ...plainEnvironment, GNUPGHOME: folder, HOME: folder }
  // Otherwise the agent measures for seconds how slow a passphrase should be.
  await writeFile(path.join(folder, 'gpg-agent.conf'), 's2k-count 1024\n')
  const batch = ['--batch', '--yes', '--pinentry-mode', 'loopback']
  // A minute for each call: what comes later is later, and no signature is of the future.
  let time = Math.floor(Date.now() / 1000) - 30 * 86_400
  const clock = (): string[] => ['--faked-system-time', String((time += 60))]
  const gpg = (...args: string[]): Promise<string> =>
    runChecked(
      'gpg',
      [...batch, ...clock(), ...(args.includes('--passphrase') ? [] : ['--passphrase', '']), ...args],
      {
        cwd: folder,
        env: environment
      }
    )
  const fingerprints = async (): Promise<string[]> =>
    [...(await gpg('--list-keys', '--with-colons')).matchAll(/^fpr:+([0-9A-F]{40}):/gm)].map(
      ([, fingerprint = '']) => fingerprint
    )
  const newOne = async (make: () => Promise<unknown>): Promise<string> => {
    const before = await fingerprints()
    await make()
    return (await fingerprints()).find((one) => !before.includes(one)) ?? ''
  }
  return {
    folder,
    now: () => time + 1,
    environment,
    gpg,
    makeKey: (form, usage, { passphrase = '', expires = 'never' } = {}) =>
      newOne(() => gpg('--passphrase', passphrase, '--quick-gen-key', `${form} <archive@example.org>`, form, usage, expires)), // prettier-ignore
    addSubkey: (fingerprint, form, usage, expires = 'never') =>
      newOne(() => gpg('--quick-add-key', fingerprint, form, usage, expires)),
    exported: (what, fingerprint, ...options) => gpg(...options, '--armor', what, fingerprint),
    close: async () => {
      await run('gpgconf', ['--kill', 'all'], { cwd: folder, env: environment })
      await rm(folder, { recursive: true, force: true })
    }
  }
}
