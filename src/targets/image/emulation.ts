import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { TagproofError } from '../../platform/errors.ts'
import { machinePlatform } from '../../platform/registry/platform.ts'
import type { BuildRequest } from '../build-request.ts'

/** Where the kernel lists the formats of programs that it gives to an interpreter (binfmt_misc). */
export const binaryFormats = '/proc/sys/fs/binfmt_misc'

/** The names of QEMU, where they are not those of images. */
const names: Readonly<Record<string, string>> = {
  amd64: 'x86_64',
  arm64: 'aarch64',
  '386': 'i386',
  mips64le: 'mips64el'
}

/**
 * Sees to it that programs of another kind of machine can be run here by an emulator, in other roots too. It is told each
 * time: here, in the record of the build and in the proof.
 *
 * @throws TagproofError `tool-missing` where there is none
 */
export async function requireEmulator(
  platform: string,
  { target, log }: Pick<BuildRequest, 'target' | 'log'>,
  folder: string
): Promise<void> {
  const architecture = platform.split('/')[1] ?? ''
  const file = path.join(folder, `qemu-${names[architecture] ?? architecture}`)
  const registered = await readFile(file, 'utf8').catch(() => '')
  // Only with the flag F does the kernel hold the emulator open, which no image has.
  const usable = /^enabled$/m.test(registered) && /^flags: .*F/m.test(registered)
  if (!usable)
    throw new TagproofError('tool-missing', `This machine cannot run programs of ${platform}.`, {
      found: `${machinePlatform()}, ${registered === '' ? 'and no emulator is registered' : 'and an emulator that works outside of images alone'}`,
      expected: `a machine of ${platform}, or an emulator of it in binfmt_misc, enabled and with the flag F`,
      fix: `Build ${target.name} for ${platform} on a machine of its kind. An emulator makes it possible here (on Debian and Ubuntu: sudo apt-get install qemu-user-static binfmt-support), and the proof warns of it.`
    })
  log.warn(`${target.name}: programs of ${platform} are run by an emulator on ${machinePlatform()}`)
}
