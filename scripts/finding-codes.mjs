// Which codes a finding can bear, read from the sources: `code: '…'` of an object or a type, and the argument that a
// function takes as its parameter `code`. Each code of the program has to be explained in docs/checks.md.
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import ts from 'typescript'

/** Where findings are made. */
const folders = ['src/proof/', 'src/source/', 'src/stages/', 'src/targets/image/rules/']
const form = /^[a-z0-9]+(-[a-z0-9]+)*$/

/** Codes by the files that make them. `files` are paths relative to `root`. */
export async function findingCodes(root, files) {
  const sources = []
  for (const file of files.filter(
    (name) => name.endsWith('.ts') && folders.some((one) => name.startsWith(one))
  ))
    sources.push(
      ts.createSourceFile(file, await readFile(path.join(root, file), 'utf8'), ts.ScriptTarget.Latest, true)
    )
  const takers = new Map()
  for (const source of sources) visit(source, (node) => noteTaker(node, takers))
  const codes = new Map()
  for (const source of sources)
    visit(source, (node) => {
      for (const code of codesAt(node, takers))
        if (form.test(code)) codes.set(code, (codes.get(code) ?? new Set()).add(source.fileName))
    })
  return codes
}

/** Functions and classes by the place of their parameter `code`. */
function noteTaker(node, takers) {
  if (!ts.isFunctionDeclaration(node) && !ts.isArrowFunction(node) && !ts.isMethodDeclaration(node)) return
  const at = node.parameters.findIndex(({ name }) => ts.isIdentifier(name) && name.text === 'code')
  const name = node.name ?? (ts.isVariableDeclaration(node.parent) ? node.parent.name : undefined)
  if (at >= 0 && name !== undefined && ts.isIdentifier(name)) takers.set(name.text, at)
}

function codesAt(node, takers) {
  if (ts.isPropertyAssignment(node) && ts.isIdentifier(node.name) && node.name.text === 'code')
    return literals(node.initializer)
  if (ts.isPropertySignature(node) && ts.isIdentifier(node.name) && node.name.text === 'code')
    return node.type === undefined ? [] : literalTypes(node.type)
  if (ts.isVariableDeclaration(node) && ts.isIdentifier(node.name) && node.name.text === 'code')
    return node.initializer === undefined ? [] : literals(node.initializer)
  if (ts.isCallExpression(node) && ts.isIdentifier(node.expression)) {
    const at = takers.get(node.expression.text)
    const argument = at === undefined ? undefined : node.arguments[at]
    return argument === undefined ? [] : literals(argument)
  }
  return []
}

/** The texts that an expression can be. */
function literals(node) {
  if (ts.isStringLiteral(node)) return [node.text]
  if (ts.isParenthesizedExpression(node) || ts.isAsExpression(node)) return literals(node.expression)
  if (ts.isConditionalExpression(node)) return [...literals(node.whenTrue), ...literals(node.whenFalse)]
  if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.QuestionQuestionToken)
    return [...literals(node.left), ...literals(node.right)]
  return []
}

function literalTypes(node) {
  if (ts.isUnionTypeNode(node)) return node.types.flatMap(literalTypes)
  return ts.isLiteralTypeNode(node) && ts.isStringLiteral(node.literal) ? [node.literal.text] : []
}

function visit(node, tell) {
  tell(node)
  ts.forEachChild(node, (child) => visit(child, tell))
}
