import type { Need } from '../src/platform/system-packages.mjs'

export { needs, planSetup, systemOf, type Need, type System } from '../src/platform/system-packages.mjs'
export const testNeeds: Need[]
