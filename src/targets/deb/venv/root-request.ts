import type { VenvSettings } from '../../../documents/target-settings.ts'

/**
 * Relations that the root of a venv deb must meet besides its usual packages: what the package depends on, so that it
 * can be installed and started from locked packages alone.
 *
 * @returns relations as in `Depends`, each with the place that states it
 */
export function venvRelations(settings: VenvSettings, target: string): Record<string, string> {
  const stated = `targets: ${target}: venv.depends`
  return Object.fromEntries([
    ...(settings.user === undefined ? [] : [['adduser', `targets: ${target}: venv.user`]]),
    ...settings.depends.map((relation) => [relation, stated])
  ]) as Record<string, string>
}
