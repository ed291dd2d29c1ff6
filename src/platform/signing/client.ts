import { bundleFromJSON, bundleToJSON } from '@sigstore/bundle'
import { X509Certificate } from '@sigstore/core'
import { DSSEBundleBuilder, FulcioSigner, RekorWitness } from '@sigstore/sign'
import { getTrustedRoot } from '@sigstore/tuf'
import { toSignedEntity, toTrustMaterial, Verifier } from '@sigstore/verify'
import type {
  Patience,
  SignAnswer,
  SignerClaims,
  SigningAnswer,
  SigningServices,
  SigningRequest,
  VerifyAnswer
} from './messages.ts'
import { failureOf } from './failure.ts'

/** Payload type of every statement (in-toto attestation specification, envelope). */
const statementType = 'application/vnd.in-toto+json'

/**
 * A program of its own, dist/signing.cjs: the clients of Sigstore with the packages under them. It sees the statements
 * and an identity token for Sigstore alone; the engine, which may hold the token of an index, never loads them.
 *
 * @param request JSON of a {@link SigningRequest}
 */
export async function answer(request: string): Promise<SigningAnswer> {
  const asked = JSON.parse(request) as SigningRequest
  return asked.do === 'sign' ? sign(asked) : verify(asked)
}

type Sign = Extract<SigningRequest, { do: 'sign' }>
type Verify = Extract<SigningRequest, { do: 'verify' }>

/** One after the other: the services limit what one address may ask for at once. */
async function sign({ services, patience, identityToken, statements }: Sign): Promise<SignAnswer> {
  const clients = clientOptions(patience)
  const bundles: SignAnswer['bundles'][number][] = []
  for (const statement of statements) {
    // A key for each statement: it is never written, and forgotten after its one signature.
    const builder = new DSSEBundleBuilder({
      signer: new FulcioSigner({
        ...clients,
        ...(services === null ? {} : { fulcioBaseURL: services.certificates }),
        identityProvider: { getToken: () => Promise.resolve(identityToken) }
      }),
      witnesses: [
        new RekorWitness({
          ...clients,
          ...(services === null ? {} : { rekorBaseURL: services.log }),
          // Entries of version 2 hold no time, and indexes do not take them yet.
          majorApiVersion: 1,
          entryType: 'dsse',
          // An attempt whose answer was lost has left an entry; it is the one that is wanted.
          fetchOnConflict: true
        })
      ]
    })
    try {
      const made = await builder.create({ data: Buffer.from(statement, 'base64'), type: statementType })
      bundles.push(bundleToJSON(made))
    } catch (error) {
      return { bundles, failure: failureOf(error, [identityToken]) }
    }
  }
  return { bundles, failure: null }
}

/** Signature, certificate chain with its SCT, and log entry, each against the root of trust as it is now. */
async function verify({ services, patience, cache, bundles }: Verify): Promise<VerifyAnswer> {
  let verifier: Verifier
  try {
    const root = await getTrustedRoot({
      ...clientOptions(patience),
      cachePath: cache,
      ...(services === null ? {} : trustOptions(services))
    })
    verifier = new Verifier(toTrustMaterial(root))
  } catch (error) {
    return { verdicts: [], failure: { ...failureOf(error, []), service: 'trust' } }
  }
  const verdicts = bundles.map((serialized): VerifyAnswer['verdicts'][number] => {
    try {
      const bundle = bundleFromJSON(serialized)
      verifier.verify(toSignedEntity(bundle))
      return { claims: claimsOf(serialized.verificationMaterial) }
    } catch (error) {
      return { refused: error instanceof Error ? error.message : String(error) }
    }
  })
  return { verdicts, failure: null }
}

function trustOptions({ trust: { mirror, rootFile } }: SigningServices) {
  return { mirrorURL: mirror, ...(rootFile === null ? {} : { rootPath: rootFile }) }
}

function clientOptions({ timeoutMilliseconds, attempts, retryMilliseconds }: Patience) {
  return {
    timeout: timeoutMilliseconds,
    retry: { retries: attempts - 1, minTimeout: retryMilliseconds, randomize: true }
  }
}

/** The extensions from 1.8 on are UTF8String; those before are older forms of some of them. */
const textExtension = /^1\.3\.6\.1\.4\.1\.57264\.1\.(?:[89]|1\d|2[0-2])$/

function claimsOf(material: { certificate?: { rawBytes: string } | undefined }): SignerClaims {
  const certificate = X509Certificate.parse(Buffer.from(material.certificate?.rawBytes ?? '', 'base64'))
  const extensions = certificate.extensions.flatMap((extension): [string, string][] => {
    const oid = extension.subs[0]?.toOID() ?? ''
    if (!textExtension.test(oid)) return []
    const text = certificate.extension(oid)?.valueObj.subs[0]?.value
    return text === undefined ? [] : [[oid, text.toString('utf8')]]
  })
  return {
    subjectAlternativeName: certificate.subjectAltName ?? '',
    extensions: Object.fromEntries(extensions)
  }
}
