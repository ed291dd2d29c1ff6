import type { ServiceFailure } from './messages.ts'

const services: Readonly<Record<string, ServiceFailure['service']>> = {
  CA_CREATE_SIGNING_CERTIFICATE_ERROR: 'certificates',
  IDENTITY_TOKEN_PARSE_ERROR: 'certificates',
  IDENTITY_TOKEN_READ_ERROR: 'certificates',
  TLOG_CREATE_ENTRY_ERROR: 'log',
  TLOG_FETCH_ENTRY_ERROR: 'log'
}

const longestMessage = 300

/**
 * Which service an error of the clients belongs to. Some of their messages hold the identity token: it is taken out.
 *
 * @param secrets texts that no message may hold
 */
export function failureOf(error: unknown, secrets: readonly string[]): ServiceFailure {
  const { code, cause, message } = error as { code?: string; cause?: unknown; message?: string }
  const { statusCode, message: reason } = (cause ?? {}) as { statusCode?: number; message?: string }
  let said = reason ?? message ?? String(error)
  for (const secret of secrets) said = said.replaceAll(secret, '…')
  return {
    service: services[code ?? ''] ?? 'program',
    status: typeof statusCode === 'number' ? statusCode : null,
    message: said.slice(0, longestMessage)
  }
}
