import { describe, expect, it } from '@jest/globals'
import { variationNames, type VariationName } from '../../../src/documents/identifiers.ts'
import type { MachineFacts, RootFacts } from '../../../src/worlds/facts.ts'
import { formatCpuList, parseCpuList } from '../../../src/worlds/facts.ts'
import { variationsFor } from '../../../src/worlds/variations.ts'

const machine: MachineFacts = { cpus: [0, 1, 2, 3], memoryBytes: 16 * 2 ** 30, hasSwap: false }
const full: RootFacts = {
  clockLibrary: '/usr/lib/tagproof/clock.so',
  estonian: true,
  timeZones: true
}
const exported = { off: [] as VariationName[], exported: true }
describe('variations', () => {
  it('vary each thing of the design between the worlds, where the machine and the root allow', () => {
    const a = variationsFor('a', machine, full, exported)
    const b = variationsFor('b', machine, full, exported)
    expect(a.records.map((entry) => entry.name)).toEqual(variationNames)
    for (const [at, left] of a.records.entries()) {
      const right = b.records[at]
      expect(right).toMatchObject({ name: left.name, applied: true, reason: '' })
      expect(right?.value).not.toBe(left.value)
    }
  })

  it('leave world a calm', () => {
    const { environment, umask, buildPath, cpus } = variationsFor('a', machine, full, exported)
    expect(environment).toMatchObject({
      TZ: 'UTC',
      LC_ALL: 'C.UTF-8',
      PYTHONHASHSEED: '0',
      OMP_NUM_THREADS: '4'
    })
    expect(environment).not.toHaveProperty('LD_PRELOAD')
    expect({ umask, buildPath, cpus }).toEqual({ umask: 0o022, buildPath: '/build/tree', cpus: [0, 1, 2, 3] })
  })

  it('set what the record says', () => {
    const b = variationsFor('b', machine, full, exported)
    const value = (name: VariationName): string | undefined =>
      b.records.find((entry) => entry.name === name)?.value
    expect(b.environment.TZ).toBe(value('timezone'))
    expect(b.environment.LC_ALL).toBe(value('locale'))
    expect([b.environment.TAGPROOF_CLOCK_OFFSET, value('clock')]).toEqual([String(400 * 86_400), '+400d'])
    expect(b.environment.LD_PRELOAD).toBe(full.clockLibrary)
    expect(b.environment.PYTHONHASHSEED).toBe(value('hash-seed'))
    expect(b.umask).toBe(parseInt(value('umask') ?? '', 8))
    expect(b.cpus).toEqual([0, 1, 2])
    expect(b.environment.OMP_NUM_THREADS).toBe(value('cpus'))
    expect(b.pathTail.join(':')).toBe(value('path-tail'))
    expect([b.buildPath, b.home, b.hostName, String(b.user.id)]).toEqual(
      (['build-path', 'home', 'host-name', 'user-id'] as const).map(value)
    )
  })

  it.each<[VariationName, Partial<MachineFacts>, Partial<RootFacts>, boolean, RegExp]>([
    ['cpus', { cpus: [3] }, {}, true, /one CPU only/],
    ['clock', {}, { clockLibrary: null }, true, /no C compiler/],
    ['locale', {}, { estonian: false }, true, /et_EE/],
    ['directory-order', {}, {}, false, /no export/],
    ['scrambled-files', {}, {}, false, /no export/]
  ])(
    'say why %s was not applied, and keep the calm value',
    (name, machinePart, rootPart, withExport, why) => {
      const facts = { ...machine, ...machinePart }
      const root = { ...full, ...rootPart }
      const options = { off: [], exported: withExport }
      const [a, b] = (['a', 'b'] as const).map((world) =>
        variationsFor(world, facts, root, options).records.find((entry) => entry.name === name)
      )
      expect(b).toMatchObject({ applied: false, value: a?.value })
      expect(b?.reason).toMatch(why)
    }
  )

  it.each(variationNames)('can leave %s out in world b alone', (name) => {
    const off = { off: [name], exported: true }
    const calm = variationsFor('a', machine, full, off).records.find((entry) => entry.name === name)
    const other = variationsFor('b', machine, full, off).records.filter((entry) => !entry.applied)
    expect(calm?.applied).toBe(true)
    expect(other).toEqual([{ name, value: calm?.value, applied: false, reason: 'left out on request' }])
  })

  it('take a zone without data where the root has none', () => {
    const { environment } = variationsFor('b', machine, { ...full, timeZones: false }, exported)
    expect(environment.TZ).toBe('<+14>-14')
  })

  it.each([
    ['0', [0]],
    ['0-2,5', [0, 1, 2, 5]],
    ['3,7-8', [3, 7, 8]]
  ])('read the kernel’s CPU list %s', (text, cpus) => {
    expect(parseCpuList(text)).toEqual(cpus)
    expect(parseCpuList(formatCpuList(cpus))).toEqual(cpus)
  })
})
