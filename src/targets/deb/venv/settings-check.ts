import type { VenvSettings } from '../../../documents/target-settings.ts'
import { TagproofError } from '../../../platform/errors.ts'
import { commandLinks, documentationFolder, servicePath } from './generated.ts'

/** A longer first line of a script is cut by older kernels (execve(2): 127 bytes and the mark). */
const longestPrefix = 100
/** Folders that are links in a merged /usr, and those that no package owns files in. */
const aliases = /^\/(bin|sbin|lib|lib32|lib64|libx32)(\/|$)/
const unowned = /^\/(proc|sys|dev|run|tmp|var\/run|usr\/local|home|root|mnt|media|DEBIAN)(\/|$)/

/**
 * Refuses settings that make no sound package, before anything is built.
 *
 * @throws TagproofError `config-invalid` with the setting, what was found and what to write
 */
export function checkVenvSettings(settings: VenvSettings): void {
  const { prefix } = settings
  if (!/^[A-Za-z0-9/._+-]+$/.test(prefix) || prefix.length > longestPrefix)
    throw invalid('venv.prefix', prefix, `letters, digits and ._+- only, at most ${longestPrefix} characters`)
  for (const [setting, place] of [
    ['venv.prefix', prefix],
    ...settings.files.map(({ to }) => ['venv.files', to])
  ] as [string, string][]) {
    if (aliases.test(place))
      throw invalid(setting, place, `/usr${place}: ${place.split('/')[1] ?? ''} is a link to it`)
    if (unowned.test(place)) throw invalid(setting, place, 'a place that packages own, such as /usr/lib/NAME')
  }
  const once = new Map<string, string>()
  const own: [string, string][] = [
    ...Object.keys(commandLinks(settings)).map((place): [string, string] => [place, 'venv.commands']),
    ...settings.services.map((unit): [string, string] => [servicePath(unit), 'venv.services']),
    ...settings.files.map(({ to }): [string, string] => [to.slice(1), 'venv.files']),
    [`${documentationFolder(settings)}/changelog.Debian.gz`, 'the changelog of the package']
  ]
  for (const [place, setting] of own) {
    const other = once.get(place)
    if (other !== undefined)
      throw invalid(setting, `/${place} comes from ${other} too`, 'one source for each file')
    once.set(place, setting)
    if (`/${place}/`.startsWith(`${prefix}/`))
      throw invalid(setting, `/${place}`, `a place outside of the environment ${prefix}`)
  }
  for (const unit of settings.services)
    if (
      !/^[A-Za-z0-9:_.@-]+\.(service|socket|timer|target|path|mount|slice)$/.test(
        unit.split('/').at(-1) ?? ''
      )
    )
      throw invalid('venv.services', unit, 'a unit of systemd, such as deploy/herald.service')
}

function invalid(where: string, found: string, expected: string): TagproofError {
  return new TagproofError('config-invalid', 'The settings make no sound package.', {
    where,
    found,
    expected,
    fix: 'Correct it under `venv` of the target in .github/tagproof.yml.'
  })
}
