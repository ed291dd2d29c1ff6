import { beforeAll, describe, expect, it } from '@jest/globals'
import type { Finding } from '../../../src/documents/proof.ts'
import { proveRelease, withRelease } from '../support/release.ts'
import { fileDifferences, textDifferences } from './differences.ts'
import type { Files } from './projects.ts'

/** What is said of each file of the wheel that differs, by the name of the file. */
async function differences(files: Files): Promise<Map<string, Finding>> {
  return withRelease(files, async (release) => {
    const { proof } = await proveRelease(release)
    const found = new Map<string, Finding>()
    for (const finding of proof.findings)
      if (finding.check === 'reproduced' && finding.artifact?.endsWith('.whl') === true)
        found.set(finding.member?.replace('little/', '') ?? '', finding)
    return found
  })
}

function tellsWhatWhereWhyAndFix(
  found: ReadonlyMap<string, Finding>,
  file: string,
  cause: RegExp,
  fix: RegExp
): void {
  const finding = found.get(file)
  expect(finding?.message).toMatch(
    / differs (in line \d+ \(offset \d+\)|at offset \d+): world a has .+, world b has /
  )
  expect(finding?.cause).toMatch(cause)
  expect(finding?.fix).toMatch(fix)
}

describe('a difference that setup.py writes into a text is told by its cause', () => {
  let found = new Map<string, Finding>()
  beforeAll(async () => {
    found = await differences(textDifferences)
  })

  it.each([
    ['messages.po', /catalogue holds the time.*POT-Creation-Date/, /msgfmt/],
    ['zone.txt', /local time zone/, /UTC/],
    ['stamp.py', /time of the build/, /SOURCE_DATE_EPOCH/],
    ['year.txt', /year of the build/, /SOURCE_DATE_EPOCH/],
    ['version.txt', /version holds the date/, /local_scheme/],
    ['keys.json', /JSON holds the same values/, /sort_keys/],
    ['colours.txt', /that of a set/, /sorted\(the_set\)/],
    ['listing.txt', /folder was listed/, /sorted\(os\.listdir/],
    ['words.txt', /rules of the builder's language \(et_EE/, /without a locale/],
    ['number.txt', /in the language of the builder/, /without a locale/],
    ['scratch.txt', /random name of a temporary folder/, /relative to the project/],
    ['identity.txt', /UUID/, /uuid5/],
    ['machine.txt', /name of the building machine.*tagproof.*elsewhere-b/, /host name/],
    ['threads.txt', /number of processors/, /cpu_count/],
    ['address.txt', /address of an object/, /repr/],
    ['digest.txt', /looks random/, /random numbers/]
  ])('%s', (file, cause, fix) => tellsWhatWhereWhyAndFix(found, file, cause, fix))
})

describe('a difference inside of a file format is told by the field that holds it', () => {
  let found = new Map<string, Finding>()
  beforeAll(async () => {
    found = await differences(fileDifferences)
  })

  it.each([
    ['time.gz', /gzip file holds the time.*bytes 4 to 7/, /mtime=0/],
    ['name.gz', /gzip file holds the name/, /filename=""/],
    ['level.gz', /compressed bytes differ and what is compressed does not/, /fixed level/],
    ['order.zip', /archive holds its files in another order/, /Sort the files/],
    ['time.zip', /zip archive holds the times.*one\.txt: 20/, /date_time/],
    ['mode.zip', /modes of its files.*made\.txt: 0644 in world a, 0600 in world b/, /0644/],
    ['owner.tar', /who built it.*1000.*2002/, /uid = gid = 0/],
    ['time.tar', /tar archive holds the times/, /mtime/],
    ['stamped.pyc', /bytecode holds the time of its source/, /global-exclude \*\.py\[co\]/],
    ['named.pyc', /bytecode holds the path, the order of sets/, /global-exclude/],
    ['picture.png', /PNG picture holds the time/, /exclude-chunks/],
    ['paper.pdf', /PDF holds the date/, /FORCE_SOURCE_DATE/],
    ['table.db', /SQLite database/, /sorted order/],
    ['when.so', /__DATE__ or __TIME__/, /SOURCE_DATE_EPOCH/],
    ['path.so', /path of the build folder is in it: \/build\//, /-ffile-prefix-map/],
    ['order.so', /same names in another order/, /sorted\(glob/],
    ['identity.so', /Only the build identifier differs/, /build-id=none/],
    ['static.a', /times and owners of its objects/, /ar D/]
  ])('%s', (file, cause, fix) => tellsWhatWhereWhyAndFix(found, file, cause, fix))
})
