/**
 * `npm run bench [-- NAME...]`: prints `name: ratio (goal <= x)` lines. Each ratio is made of two things
 * measured in turn in one run, since the speed of a machine changes from minute to minute.
 *
 * TAGPROOF_BENCH_MUTANTS says how many mutants are made (a million), TAGPROOF_BENCH_SEED from which seed on.
 * TAGPROOF_BENCH_DEBS is a folder of debs to read (that of the fetched inputs).
 * TAGPROOF_BENCH_MEBIBYTES says how large the large sdist and layer are (2048).
 * TAGPROOF_BENCH_PROJECTS names more projects to rehearse and to trace: `ckan=/path/to/clone@ckan-2.11.5,...`.
 * TAGPROOF_BENCH_ROUNDS says how often rehearsals are measured (3).
 * TAGPROOF_BENCH_HANDOVER_MEBIBYTES says how much is handed over (500).
 * TAGPROOF_BENCH_IMAGE_MEBIBYTES says how large the image of the no-op rerun is (60).
 * TAGPROOF_BENCH_PUSH_MEBIBYTES says how large the image is that is pushed (500).
 * TAGPROOF_BENCH_COMMAND is another bundle than the committed one: node scripts/build.mjs FOLDER makes FOLDER/cli.cjs.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { formatFigure, type Figure } from './measure.ts'
import { aptAdd } from './apt-add.ts'
import { assembleAgainstDockerfile } from './assemble.ts'
import { engineStart } from './engine-start.ts'
import { engineStep } from './engine-step.ts'
import { firstVerdict } from './first-verdict.ts'
import { handOver } from './hand-over.ts'
import { canonicalWriter } from './canonical-writer.ts'
import { comparisons } from './compare.ts'
import { debs } from './debs.ts'
import { debTwice } from './deb-twice.ts'
import { largeLayer } from './large-layer.ts'
import { largeSdist } from './large-sdist.ts'
import { mutants } from './mutants.ts'
import { noOpRerun } from './no-op-rerun.ts'
import { proofAdded } from './proof-added.ts'
import { rehearsals } from './rehearse.ts'
import { registryPush } from './registry-push.ts'
import { againstReprotest } from './reprotest.ts'
import { rootFromInputs } from './root.ts'
import { threeTargets } from './three-targets.ts'
import { traces } from './trace.ts'

const benchmarks: Readonly<Record<string, (folder: string) => AsyncIterable<Figure>>> = {
  'engine-start': engineStart,
  'engine-step': engineStep,
  'first-verdict': firstVerdict,
  'hand-over': handOver,
  'canonical-writer': canonicalWriter,
  rehearse: rehearsals,
  root: rootFromInputs,
  trace: traces,
  reprotest: againstReprotest,
  'proof-added': proofAdded,
  mutants,
  compare: comparisons,
  debs,
  'deb-twice': debTwice,
  'three-targets': threeTargets,
  'large-sdist': largeSdist,
  'large-layer': largeLayer,
  assemble: assembleAgainstDockerfile,
  'registry-push': registryPush,
  'apt-add': aptAdd,
  'no-op-rerun': noOpRerun
}

const asked = process.argv.slice(2)
const unknown = asked.filter((name) => !(name in benchmarks))
if (unknown.length > 0) {
  process.stderr.write(
    `No benchmark ${unknown.join(', ')}; there are ${Object.keys(benchmarks).join(', ')}.\n`
  )
  process.exit(2)
}
const folder = await mkdtemp(path.join(tmpdir(), 'tagproof-bench-'))
try {
  for (const [name, benchmark] of Object.entries(benchmarks))
    if (asked.length === 0 || asked.includes(name))
      for await (const figure of benchmark(folder)) process.stdout.write(`${formatFigure(figure)}\n`)
} finally {
  await rm(folder, { recursive: true, force: true })
}
