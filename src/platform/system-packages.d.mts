export interface Need {
  package: string | { debian: string; ubuntu: string }
  program?: string
  /** Code that a Python which has it runs through. */
  python?: string
  file?: string
  keyring?: boolean
}
export const needs: Need[]
export interface System {
  id: string
  version: string
  name: string
}
export function systemOf(osRelease: string): System
export function keyringOf(system: System): string
export function packageName(need: Need): string
export function mayInstall(env: Readonly<Record<string, string | undefined>>): boolean
export type SetupPlan =
  | { action: 'nothing' }
  | { action: 'foreign'; message: string }
  | { action: 'ask'; message: string; line: string }
  | { action: 'install'; packages: string[]; message: string; note: string | null }
export function planSetup(facts: {
  system: System
  missing: readonly Need[]
  user: string
  allowed: boolean
  apt: boolean
}): SetupPlan
export function installCommands(
  packages: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  root: boolean
): { update: string[]; install: string[] }
