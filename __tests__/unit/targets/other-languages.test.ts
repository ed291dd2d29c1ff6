import { describe, expect, it } from '@jest/globals'
import { refuseOtherLanguages, type ProjectShape } from '../../../src/targets/python/other-languages.ts'

const target = { name: 'python', path: '.' }
const crate: ProjectShape = {
  requires: ['maturin>=1,<2'],
  paths: ['pyproject.toml', 'rust/Cargo.toml'],
  pyproject: '',
  packages: []
}
const jupyter = (skip: string): ProjectShape => ({
  requires: ['hatchling', 'Hatch_Jupyter_Builder>=0.5'],
  paths: ['pyproject.toml', 'package.json', 'app/static/style.js'],
  pyproject: `[tool.hatch.build.hooks.jupyter-builder]\n${skip}\n`,
  packages: []
})
const refusal = (what: string, where: string): unknown =>
  expect.objectContaining({
    code: 'lock-language',
    message: expect.stringContaining(what),
    detail: expect.objectContaining({ where, fix: expect.stringContaining('packages:') })
  })

describe('packages of other languages', () => {
  it('are told before anything is fetched', () => {
    expect(() => refuseOtherLanguages(target, crate)).toThrow(refusal('crates of Rust', 'rust/Cargo.toml'))
    expect(() => refuseOtherLanguages({ name: 'python', path: 'lib' }, crate)).toThrow(
      refusal('crates of Rust', 'lib/rust/Cargo.toml')
    )
    expect(() => refuseOtherLanguages(target, jupyter(''))).toThrow(refusal('npm', 'package.json'))
    const byHook = { ...jupyter('dependencies = ["hatch-jupyter-builder"]'), requires: ['hatchling'] }
    expect(() => refuseOtherLanguages(target, byHook)).toThrow(refusal('npm', 'package.json'))
  })

  it('are no matter where the project has none, or asks for nothing that would take them', () => {
    expect(() => refuseOtherLanguages(target, { ...crate, paths: ['pyproject.toml'] })).not.toThrow()
    expect(() => refuseOtherLanguages(target, { ...crate, requires: ['setuptools'] })).not.toThrow()
  })

  it('are the business of who names the tools', () => {
    expect(() => refuseOtherLanguages(target, { ...crate, packages: ['cargo'] })).not.toThrow()
    expect(() => refuseOtherLanguages(target, { ...jupyter(''), packages: ['nodejs'] })).not.toThrow()
    expect(() => refuseOtherLanguages(target, { ...crate, packages: ['cargonaut'] })).toThrow(
      refusal('crates', 'rust/Cargo.toml')
    )
  })

  it('are not needed where the tree holds what they would make', () => {
    expect(() =>
      refuseOtherLanguages(target, jupyter('skip-if-exists = ["app/static/style.js"]'))
    ).not.toThrow()
    expect(() => refuseOtherLanguages(target, jupyter('skip-if-exists = ["app/other.js"]'))).toThrow(
      refusal('npm', 'package.json')
    )
    expect(() => refuseOtherLanguages(target, jupyter('skip-if-exists = []'))).toThrow(
      refusal('npm', 'package.json')
    )
  })
})
