import { readFileSync } from 'node:fs'
import { createHttpClient } from '../../../../src/platform/http.ts'
import { openAll, publishTo, type Addresses } from './clients.ts'
import type { Parcel } from './parcel.ts'

/** A process of its own that publishes, to be killed. Its argument is a file with what it is told. */
export interface Order {
  parcel: Parcel
  addresses: Addresses
  receipt: string
  signed: number
  apt?: boolean
}

const {
  parcel,
  addresses,
  receipt,
  signed,
  apt = false
} = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as Order
const http = createHttpClient({ attempts: 3, retryMilliseconds: 0, environment: {} })
try {
  await publishTo(openAll(parcel, addresses, { http, now: Date.now, signed, apt }), parcel, receipt)
} finally {
  http.close()
}
