export type Need = {
  package: string | { debian: string; ubuntu: string }
  program?: string
  python?: string
  file?: string
  keyring?: boolean
}
export const needs: Need[]
export const testNeeds: Need[]
export interface System {
  id: string
  version: string
  name: string
}
export function systemOf(osRelease: string): System
export function planSetup(facts: {
  system: System
  missing: Need[]
  user: string
  allowed: boolean
  apt: boolean
}): { action: string; message?: string; line?: string; packages?: string[]; note?: string | null }
