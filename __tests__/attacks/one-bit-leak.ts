import type { Files } from './harness/attack.ts'

/** Which bit of an opaque file decides, as Python over `data` and as TypeScript. */
export interface LeakedBit {
  name: string
  how: string
  python: string
  bit: (data: Buffer) => number
}

export const oneBitLeak = {
  name: 'one-bit-leak',
  rows: '26',
  title: 'One bit of a file that nobody reads decides which of two committed modules is shipped',
  caughtBy:
    'Influence, in half of all cases for each bit and each perturbation; `--perturbations N` lowers what is left to one in 2ᴺ. Both modules are blobs: tracing has nothing to say.',
  bits: [
    {
      name: 'low',
      how: 'the lowest bit of the first byte',
      python: 'data[0] & 1',
      bit: (data) => (data[0] ?? 0) & 1
    },
    {
      name: 'parity',
      how: 'the parity of all bytes',
      python: 'sum(data) & 1',
      bit: (data) => data.reduce((sum, byte) => sum + byte, 0) & 1
    },
    {
      name: 'order',
      how: 'which of two bytes is the larger',
      python: 'data[10] > data[20]',
      bit: (data) => ((data[10] ?? 0) > (data[20] ?? 0) ? 1 : 0)
    },
    {
      name: 'high',
      how: 'the highest bit of the last byte',
      python: 'data[-1] >> 7',
      bit: (data) => (data.at(-1) ?? 0) >> 7
    }
  ] satisfies readonly LeakedBit[]
}

/** The file whose bits leak. */
export const leaking: Buffer = Buffer.from(Array.from({ length: 64 }, (_, at) => (at * 89 + 13) % 256))

/** For each bit two modules, of which the wheel gets one; the true file chooses the one with the marker. */
export function leakFiles(): { files: Files; variant: string } {
  const modules = oneBitLeak.bits.flatMap(({ name, bit }) =>
    [0, 1].map((value): [string, string] => [
      `victim_bit/${name}_${value}.py`,
      value === bit(leaking) ? `print("fired: ${name}")\n` : 'value = 1\n'
    ])
  )
  const variant = `def change(files, info):
    with open("tests/blob.bin", "rb") as stream:
        data = stream.read()
${oneBitLeak.bits.map(({ name, python }) => `    del files["victim_bit/${name}_%d.py" % (1 - int(${python}))]`).join('\n')}
`
  return { files: { 'tests/blob.bin': leaking, ...Object.fromEntries(modules) }, variant }
}
