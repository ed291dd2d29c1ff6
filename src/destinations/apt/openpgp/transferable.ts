import { Cursor, OpenPgpProblem } from './bytes.ts'
import { packetTag, readPackets, type Packet } from './packets.ts'
import { readPublicKey, type PublicKey } from './public-key.ts'

/** A part of a key, and the bodies of the signature packets that follow it. */
export interface Component {
  packet: Packet
  signatures: Buffer[]
}

export interface KeyComponent extends Component {
  key: PublicKey
  /** What follows the public part in a packet of a secret key; null in one of a public key. */
  secret: Buffer | null
}

/** A transferable key (RFC 4880, 11.1 and 11.2), public or secret, nothing of it verified yet. */
export interface Transferable {
  primary: KeyComponent
  userIds: Component[]
  subkeys: KeyComponent[]
}

const largest = 4 * 1024 * 1024

/** The keys in these packets, one after the other. @throws OpenPgpProblem */
export function readTransferable(bytes: Uint8Array): Transferable[] {
  if (bytes.length > largest) throw new OpenPgpProblem(`it has more than ${largest} bytes`)
  const keys: Transferable[] = []
  let current: Component | null = null
  for (const one of readPackets(bytes)) {
    const key = keys.at(-1)
    if (one.tag === packetTag.publicKey || one.tag === packetTag.secretKey) {
      const primary = keyComponent(one)
      keys.push({ primary, userIds: [], subkeys: [] })
      current = primary
    } else if (key === undefined) {
      throw new OpenPgpProblem('it does not begin with a key')
    } else if (one.tag === packetTag.publicSubkey || one.tag === packetTag.secretSubkey) {
      const subkey = keyComponent(one)
      key.subkeys.push(subkey)
      current = subkey
    } else if (one.tag === packetTag.userId) {
      current = { packet: one, signatures: [] }
      key.userIds.push(current)
    } else if (one.tag === packetTag.signature) {
      current?.signatures.push(one.body)
    } else if (one.tag !== packetTag.trust) {
      // Pictures, and what later versions bring: nothing that apt looks at. Their signatures go with them.
      current = { packet: one, signatures: [] }
    }
  }
  if (keys.length === 0) throw new OpenPgpProblem('there is no key in it')
  return keys
}

function keyComponent(one: Packet): KeyComponent {
  const cursor = new Cursor(one.body)
  const key = readPublicKey(cursor)
  const isSecret = one.tag === packetTag.secretKey || one.tag === packetTag.secretSubkey
  if (!isSecret && cursor.left > 0) throw new OpenPgpProblem('a public key has bytes after its end')
  return { packet: one, key, secret: isSecret ? cursor.take(cursor.left) : null, signatures: [] }
}
