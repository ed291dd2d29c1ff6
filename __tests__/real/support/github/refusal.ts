import type http from 'node:http'

/** An answer that is no success, with the body that GitHub sends. */
export class Refusal extends Error {
  readonly status: number
  readonly body: object
  readonly headers: http.OutgoingHttpHeaders

  constructor(status: number, message: string, errors?: object[], headers: http.OutgoingHttpHeaders = {}) {
    super(message)
    this.status = status
    this.headers = headers
    this.body = {
      message,
      ...(errors === undefined ? {} : { errors }),
      documentation_url: 'https://docs.github.com/rest',
      status: String(status)
    }
  }
}

/** REST API, "Troubleshooting": 422 with the field and a code. */
export function invalid(resource: string, field: string, code: string, message?: string): Refusal {
  return new Refusal(422, 'Validation Failed', [
    { resource, field, code, ...(message === undefined ? {} : { message }) }
  ])
}

export const notFound = (): Refusal => new Refusal(404, 'Not Found')
