import type { SerializedBundle } from '@sigstore/bundle'

/** Where certificates, log entries and the root of trust come from. */
export interface SigningServices {
  /** Base address of the certificate authority (Fulcio). */
  certificates: string
  /** Base address of the transparency log (Rekor v1). */
  log: string
  trust: {
    /** Base address of the TUF repository that holds `trusted_root.json`. */
    mirror: string
    /** File with the first root of that repository; null for one whose root the library knows. */
    rootFile: string | null
  }
}

/** How long a service is waited for. */
export interface Patience {
  /** For one answer. */
  timeoutMilliseconds: number
  /** Attempts in all. */
  attempts: number
  /** First wait between two attempts; it doubles. */
  retryMilliseconds: number
}

/** What the engine asks the program for; null for `services` stands for the public-good instance. */
export type SigningRequest =
  | {
      do: 'sign'
      services: SigningServices | null
      patience: Patience
      identityToken: string
      /** in-toto statements, base64 of their bytes. */
      statements: readonly string[]
    }
  | {
      do: 'verify'
      services: SigningServices | null
      patience: Patience
      /** Folder in which the root of trust is kept between two requests. */
      cache: string
      bundles: readonly SerializedBundle[]
    }

/** Which service did not do its part, and its own words. */
export interface ServiceFailure {
  service: 'certificates' | 'log' | 'trust' | 'program'
  /** HTTP status; null where there was no answer. */
  status: number | null
  message: string
}

/** What a certificate says of its holder, by OID: texts of the extensions of Fulcio (oid-info.md), and its name. */
export interface SignerClaims {
  subjectAlternativeName: string
  extensions: Readonly<Record<string, string>>
}

/** One per statement, until the first failure. */
export interface SignAnswer {
  bundles: readonly SerializedBundle[]
  failure: ServiceFailure | null
}

/** One per bundle; `refused` holds the reason. */
export interface VerifyAnswer {
  verdicts: readonly ({ refused: string } | { claims: SignerClaims })[]
  failure: ServiceFailure | null
}

export type SigningAnswer = SignAnswer | VerifyAnswer
