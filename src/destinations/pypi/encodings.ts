import { z } from 'zod'

const largestBase64 = 1 << 20

/** Standard base64 with its padding, in the one form that its bytes have (RFC 4648 section 3.5), and not empty. */
export const base64Field = z
  .string()
  .min(1)
  .max(largestBase64)
  .refine((text) => Buffer.from(text, 'base64').toString('base64') === text, 'expected base64')

/** A 64-bit number as protobuf JSON writes it. */
export const decimalField = z.string().regex(/^(0|[1-9]\d{0,18})$/, 'expected a number in a string')
