import { debControlPart } from './deb-control-part.ts'
import type { Attack } from './harness/attack.ts'

/** Attacks on Debian packages, in the order of the documentation. */
export const debAttacks: readonly Attack[] = [debControlPart]
