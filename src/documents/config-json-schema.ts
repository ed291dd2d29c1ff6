import { z } from 'zod'
import { configSchema } from './config.ts'

/** The part of JSON Schema that ours is made of. */
export interface JsonSchema {
  type?: 'array' | 'object' | 'integer' | 'number' | 'boolean' | 'string'
  description?: string
  properties?: Record<string, JsonSchema>
  additionalProperties?: boolean | JsonSchema
  propertyNames?: JsonSchema
  required?: string[]
  items?: JsonSchema
  /** One of several forms: a word, or a mapping. */
  anyOf?: JsonSchema[]
  enum?: string[]
  const?: string | number
  pattern?: string
  default?: unknown
  minimum?: number
  maximum?: number
  exclusiveMinimum?: number
  minLength?: number
  maxLength?: number
}

/** JSON Schema (draft 2020-12) of `.github/tagproof.yml`, for editors; the same rules as the program's own. */
export function configJsonSchema(): JsonSchema {
  const { $schema, ...schema } = z.toJSONSchema(configSchema, { io: 'input', unrepresentable: 'any' })
  return {
    $schema,
    title: 'Configuration of Tagproof (.github/tagproof.yml)',
    ...schema
  } as JsonSchema
}

/** Of several forms the mapping; a schema of one form is that. */
export function mappingForm(schema: JsonSchema): JsonSchema {
  return schema.anyOf?.find(({ type }) => type === 'object') ?? schema
}

/** The schema of the value at a path, or undefined where there is none. */
export function schemaAt(schema: JsonSchema, path: readonly PropertyKey[]): JsonSchema | undefined {
  let current: JsonSchema | undefined = schema
  for (const step of path) {
    if (current === undefined) return undefined
    if (typeof step === 'number') current = current.items
    else {
      const { properties, additionalProperties }: JsonSchema = mappingForm(current)
      current =
        properties?.[String(step)] ??
        (typeof additionalProperties === 'object' ? additionalProperties : undefined)
    }
  }
  return current
}
