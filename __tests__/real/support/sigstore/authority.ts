import { fulcioHandler, initializeCA, initializeCTLog } from '@sigstore/mock'
import { createHash, generateKeyPairSync, verify } from 'node:crypto'
import { refusal } from './log.ts'
import type { Answer } from './server.ts'
import { claimsOf, type TokenIssuer } from './tokens.ts'

export interface Authority {
  /** DER. */
  root: Buffer
  certificateLog: { publicKey: Buffer; id: Buffer }
  certify: (body: string) => Promise<Answer>
}

interface CertificateRequest {
  credentials: { oidcIdentityToken: string }
  publicKeyRequest: { publicKey: { content: string }; proofOfPossession: string }
}

/**
 * The authority of the mock, behind the rules of the real one: the token must be the issuer's, for it, and not ended;
 * the key must be the asker's; the certificate is for the workflow of the job.
 */
export async function authority(issuer: TokenIssuer): Promise<Authority> {
  const keys = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  const certificateLog = await initializeCTLog(keys)
  const ca = await initializeCA(keys, certificateLog)
  const handler = fulcioHandler(ca, { subjectClaim: 'subjectAlternativeName' })
  const id = createHash('sha256').update(certificateLog.publicKey).digest()
  return {
    root: Buffer.from(ca.rootCertificate.buffer),
    certificateLog: { publicKey: certificateLog.publicKey, id },
    async certify(body) {
      const request = JSON.parse(body) as CertificateRequest
      const claims = claimsOf(request.credentials.oidcIdentityToken, issuer)
      if ('wrong' in claims)
        return refusal(400, `There was an error processing the identity token: ${claims.wrong}`)
      const { publicKey, proofOfPossession } = request.publicKeyRequest
      const proof = Buffer.from(proofOfPossession, 'base64')
      if (!verify('sha256', Buffer.from(claims.sub ?? ''), publicKey.content, proof))
        return refusal(400, 'The signature supplied in the request could not be verified')
      const subject = { subjectAlternativeName: `https://github.com/${claims.job_workflow_ref ?? ''}` }
      const token = `e30.${Buffer.from(JSON.stringify({ ...claims, ...subject })).toString('base64url')}.`
      const asked = { ...request, credentials: { oidcIdentityToken: token } }
      const { statusCode, response } = await handler.fn(JSON.stringify(asked))
      return { status: statusCode, body: typeof response === 'string' ? response : '' }
    }
  }
}
