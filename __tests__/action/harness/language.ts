import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type * as Expressions from '@actions/expressions'
import type * as Actions from '@actions/workflow-parser/actions/index'
import type * as Workflow from '@actions/workflow-parser'

export const repositoryRoot = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..')

interface Language {
  expressions: typeof Expressions
  actions: typeof Actions
  workflow: typeof Workflow
  result: { truthy: (value: Expressions.data.ExpressionData) => boolean }
}

/** GitHub's own parsers. As published they do not load on Node 24 (JSON without attribute): bundled, they do. */
const language = loadLanguage()

function loadLanguage(): Language {
  const folder = mkdtempSync(path.join(tmpdir(), 'tagproof-language-'))
  const file = path.join(folder, 'language.cjs')
  try {
    execFileSync(
      path.join(repositoryRoot, 'node_modules/.bin/esbuild'),
      ['--bundle', '--platform=node', '--format=cjs', '--log-level=error', `--outfile=${file}`],
      {
        cwd: repositoryRoot,
        input: [
          "export * as expressions from '@actions/expressions'",
          "export * as actions from '@actions/workflow-parser/actions/index'",
          "export * as workflow from '@actions/workflow-parser'",
          "export * as result from '@actions/expressions/result'"
        ].join('\n')
      }
    )
    return createRequire(import.meta.url)(file) as Language
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** What an `action.yml` breaks of GitHub's schema; empty when it is valid. */
export function actionFileErrors(name: string, content: string): string[] {
  const trace = new language.workflow.NoOperationTraceWriter()
  const { context } = language.actions.parseAction({ name, content }, trace)
  return context.errors.getErrors().map((error) => error.message)
}

/** The same for a workflow file. */
export function workflowFileErrors(name: string, content: string): string[] {
  const trace = new language.workflow.NoOperationTraceWriter()
  const { context } = language.workflow.parseWorkflow({ name, content }, trace)
  return context.errors.getErrors().map((error) => error.message)
}

/** Values by context name: `inputs`, `steps`, `github`, `env`, `needs`, `secrets`. */
export type Contexts = Readonly<Record<string, unknown>>
export type Status = 'success' | 'failure' | 'cancelled'

/** A text with `${{ }}` in it, evaluated. */
export function evaluateText(text: string, contexts: Contexts, status: Status = 'success'): string {
  return text.replace(/\$\{\{(.*?)\}\}/gs, (_whole, expression: string) =>
    evaluate(expression, contexts, status).coerceString()
  )
}

/** An `if`: without a status function in it, `success()` is asked too. */
export function evaluateCondition(
  condition: string | undefined,
  contexts: Contexts,
  status: Status
): boolean {
  const bare = (condition ?? 'success()').replace(/^\s*\$\{\{(.*)\}\}\s*$/s, '$1')
  const whole = /\b(success|failure|cancelled|always)\s*\(/.test(bare) ? bare : `success() && (${bare})`
  return language.result.truthy(evaluate(whole, contexts, status))
}

function evaluate(expression: string, contexts: Contexts, status: Status): Expressions.data.ExpressionData {
  const { Lexer, Parser, Evaluator, data } = language.expressions
  const functions = (['success', 'failure', 'cancelled', 'always'] as const).map((name) => ({
    name,
    minArgs: 0,
    maxArgs: 0,
    call: () => new data.BooleanData(name === 'always' || name === status)
  }))
  const parsed = new Parser(new Lexer(expression).lex().tokens, Object.keys(contexts), functions).parse()
  const values = JSON.parse(JSON.stringify(contexts), (key, value: unknown) =>
    data.reviver(key, value)
  ) as Expressions.data.Dictionary
  return new Evaluator(parsed, values, new Map(functions.map((entry) => [entry.name, entry]))).evaluate()
}
