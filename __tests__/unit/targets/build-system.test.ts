import { describe, expect, it } from '@jest/globals'
import { readBuildSystem } from '../../../src/targets/python/requires.ts'

describe('the build system of a project', () => {
  it('is the legacy backend of setuptools where there is no pyproject.toml or no table (PEP 518)', () => {
    const legacy = {
      requires: ['setuptools>=40.8.0'],
      backend: 'setuptools.build_meta:__legacy__',
      backendPath: []
    }
    expect(readBuildSystem(null)).toEqual(legacy)
    expect(readBuildSystem('[tool.black]\n')).toEqual(legacy)
  })

  it('is the legacy backend with the stated requirements where no backend is named (PEP 517)', () => {
    expect(readBuildSystem('[build-system]\nrequires = ["setuptools", "cython"]\n')).toEqual({
      requires: ['setuptools', 'cython'],
      backend: 'setuptools.build_meta:__legacy__',
      backendPath: []
    })
  })

  it('reads a backend in the tree', () => {
    const text = '[build-system]\nrequires = []\nbuild-backend = "own:backend"\nbackend-path = ["tools"]\n'
    expect(readBuildSystem(text)).toEqual({ requires: [], backend: 'own:backend', backendPath: ['tools'] })
  })

  it.each([
    ['[build-system]\nbuild-backend = "x"\n', 'build-system.requires'],
    ['[build-system]\nrequires = "setuptools"\n', 'build-system.requires'],
    ['[build-system]\nrequires = [1]\n', 'build-system.requires'],
    ['build-system = 1\n', 'build-system'],
    ['[build-system]\nrequires = []\nbuild-backend = "a b"\n', 'build-system.build-backend']
  ])('refuses %j and names the field', (text, field) => {
    expect(() => readBuildSystem(text, 'sub/pyproject.toml')).toThrow(
      expect.objectContaining({
        code: 'config-invalid',
        message: expect.stringContaining(field),
        detail: expect.objectContaining({ where: 'sub/pyproject.toml' })
      })
    )
  })

  it('names file and line of a text that is not TOML', () => {
    expect(() => readBuildSystem('[project]\nname = \n', 'pyproject.toml')).toThrow(
      expect.objectContaining({
        code: 'config-invalid',
        detail: expect.objectContaining({ where: 'pyproject.toml:2' })
      })
    )
  })
})
