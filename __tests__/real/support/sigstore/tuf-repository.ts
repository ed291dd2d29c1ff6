import { createHash, generateKeyPairSync, sign } from 'node:crypto'

/** A TUF repository of one key and one target (TUF specification 1.0, metadata). Path below it → bytes. */
export function tufRepository(target: string, content: Buffer): { files: Map<string, Buffer>; root: Buffer } {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32).toString('hex')
  const key = { keytype: 'ed25519', scheme: 'ed25519', keyval: { public: raw } }
  const keyid = digest(Buffer.from(canonical(key)))
  const expires = new Date(Date.now() + 86_400_000).toISOString().replace(/\.\d+Z$/, 'Z')
  const signed = (type: string, fields: object): Buffer => {
    const body = { _type: type, spec_version: '1.0.31', version: 1, expires, ...fields }
    const signature = sign(null, Buffer.from(canonical(body)), privateKey).toString('hex')
    return Buffer.from(JSON.stringify({ signatures: [{ keyid, sig: signature }], signed: body }))
  }
  const role = { keyids: [keyid], threshold: 1 }
  const roles = { root: role, timestamp: role, snapshot: role, targets: role }
  const root = signed('root', { keys: { [keyid]: key }, roles, consistent_snapshot: false })
  const targets = signed('targets', {
    targets: { [target]: { length: content.length, hashes: { sha256: digest(content) } } }
  })
  const snapshot = signed('snapshot', { meta: { 'targets.json': { version: 1 } } })
  const timestamp = signed('timestamp', { meta: { 'snapshot.json': { version: 1 } } })
  return {
    root,
    files: new Map([
      ['/timestamp.json', timestamp],
      ['/snapshot.json', snapshot],
      ['/targets.json', targets],
      [`/targets/${target}`, content]
    ])
  }
}

const digest = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

/** Canonical JSON of what has neither fractions nor control characters: keys sorted, no white space. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${entries.map(([key, inner]) => `${JSON.stringify(key)}:${canonical(inner)}`).join(',')}}`
}
