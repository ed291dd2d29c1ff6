import { expect, it } from '@jest/globals'
import { fileURLToPath } from 'node:url'
import { plainEnvironment, runChecked } from '../../../src/platform/process.ts'

const driver = fileURLToPath(new URL('../../../src/targets/python/driver.py', import.meta.url))

/** Versions of what is installed, by name. */
const installed = { setuptools: '66.1.1', wheel: '0.38', 'odd-one': '2.0rc1', Tool_Box: '1.0.post2' }

const requirements = [
  'setuptools',
  ' setuptools ',
  'SetupTools>=66',
  'setuptools>=66.1.1',
  'setuptools >= 66.1.1.0',
  'setuptools>=66.1.2',
  'setuptools>=67',
  'wheel>=0.38.0',
  'wheel>=0.38.0.1',
  'wheel>=00.038',
  'wheel>=0.39',
  'tool.box',
  'tool-box>=1.0.post1',
  'tool-box>=1.1',
  'odd-one>=2',
  'odd_one>=1.9',
  'missing',
  'missing>=1',
  'missing; extra == "other"',
  "missing; extra == 'test'",
  'missing; extra == "te.st"',
  'missing>=1; (python_version >= "3.0") and extra == "other"',
  'missing; extra == "other" or python_version >= "3.0"',
  'missing; python_version >= "3.0" or extra == "other"',
  'missing; python_version < "3.0" and extra == "test"',
  'missing[one,two]>=1,<2; (python_version >= "3.0" and extra == "other")',
  'missing; python_version >= "3.0"',
  'missing @ https://host.example/missing.whl',
  'missing @ https://host.example/missing.whl ; extra == "other"',
  'setuptools>=66,<67',
  'setuptools~=66.1',
  'setuptools==66.*',
  'setuptools[extra]',
  'setuptools>=66.1.1rc1',
  'setuptools>=1!1',
  '-setuptools',
  'setuptools-',
  'setup tools',
  'setuptools>=',
  'setuptools>=x; extra == "test"',
  ''
]

const code = `
import importlib.util, json, re, sys
spec = importlib.util.spec_from_file_location("driver", sys.argv[1])
driver = importlib.util.module_from_spec(spec)
spec.loader.exec_module(driver)
given = json.load(sys.stdin)

class Item:
    requires = []
    def __init__(self, name, version):
        self.metadata, self.version = {"Name": name}, version

def environment():
    installed = driver.Installed()
    installed.found = {driver.normalised(name): Item(name, version) for name, version in given["installed"].items()}
    return installed

def answers():
    made = []
    for text in given["requirements"]:
        for extra in ["", "test"]:
            installed = environment()
            lacking = [reason.split(" (")[0] for _, reason in installed.lacks(text, extra, set())]
            made.append([text, extra, lacking, installed.grammar is not None])
    return made

quick = answers()
driver.PLAIN = driver.FOR_EXTRA = re.compile("(?!)")
print(json.dumps({"quick": quick, "byGrammar": answers()}))
`

type Answer = [text: string, extra: string, lacking: string[], grammar: boolean]

it('a requirement that is plain gets the answer of the grammar, which is not loaded for it', async () => {
  const printed = await runChecked('python3', ['-I', '-B', '-c', code, driver], {
    env: plainEnvironment,
    stdin: Buffer.from(JSON.stringify({ installed, requirements }))
  })
  const { quick, byGrammar } = JSON.parse(printed) as Record<'quick' | 'byGrammar', Answer[]>
  const judged = (all: Answer[]): unknown[] => all.map(([text, extra, lacking]) => [text, extra, lacking])
  expect(judged(quick)).toEqual(judged(byGrammar))
  expect(byGrammar.every(([, , , grammar]) => grammar)).toBe(true)
  const answerOf = (text: string): unknown[] => quick.find(([one]) => one === text)?.slice(2) ?? []
  expect(answerOf('setuptools')).toEqual([[], false])
  expect(answerOf('setuptools>=67')).toEqual([['the build environment has 66.1.1'], false])
  expect(answerOf('missing')).toEqual([['is not in the build environment'], false])
  expect(answerOf('missing; extra == "other"')).toEqual([[], false])
  expect(answerOf('odd-one>=2')).toEqual([['the build environment has 2.0rc1'], true])
  expect(answerOf('missing; extra == "other" or python_version >= "3.0"')).toEqual([
    ['is not in the build environment'],
    true
  ])
})
