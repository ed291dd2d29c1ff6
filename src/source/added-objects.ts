import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { ObjectId } from '../documents/identifiers.ts'
import { looseObject } from './loose-object.ts'
import { checkObjectName, objectHash, type ObjectType } from './objects.ts'
import type { ObjectFormat } from './private-git.ts'

/** An object with the name that it shall have. */
export interface NamedObject {
  id: ObjectId
  type: ObjectType
  data: Buffer
}

/**
 * Writes loose objects into an `objects` folder of ours.
 *
 * @throws TagproofError `object-corrupt` for one that has another name
 */
export async function addObjects(
  folder: string,
  format: ObjectFormat,
  objects: AsyncIterable<NamedObject> | Iterable<NamedObject>
): Promise<void> {
  for await (const { id, type, data } of objects) {
    checkObjectName(id, type, objectHash(format, type, data.length).update(data))
    const place = path.join(folder, id.slice(0, 2), id.slice(2))
    await mkdir(path.dirname(place), { recursive: true })
    await writeFile(place, looseObject(type, data))
  }
}
