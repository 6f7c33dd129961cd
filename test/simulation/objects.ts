/** Buckets as values: objects with ETags, conditional writes, and a history of the ones that others hold. */
import { createHash } from 'node:crypto'
import type { ObjectStore } from '@stint/broker/ports/log'
import { Trouble } from '@stint/broker/ports/log'
import type { Exchange, Machine, Network } from './network.ts'

const etagOf = (bytes: Uint8Array): string => `"${createHash('sha256').update(bytes).digest('hex').slice(0, 32)}"`

export class Bucket {
  readonly objects = new Map<string, Uint8Array>()
  readonly name: string
  /** Called within each write. `after` is absent if the object was removed. */
  onWrite: (path: string, before: Uint8Array | undefined, after: Uint8Array | undefined) => void = () => {}
  constructor(name: string) {
    this.name = name
  }
  get(path: string): { bytes: Uint8Array; etag: string } | undefined {
    const bytes = this.objects.get(path)
    return bytes && { bytes, etag: etagOf(bytes) }
  }
  put(path: string, bytes: Uint8Array): void {
    this.onWrite(path, this.objects.get(path), bytes)
    this.objects.set(path, bytes)
  }
  create(path: string, bytes: Uint8Array): 'created' | 'exists' {
    if (this.objects.has(path)) return 'exists'
    this.put(path, bytes)
    return 'created'
  }
  replace(path: string, bytes: Uint8Array, etag: string | undefined): 'replaced' | 'changed' {
    if (this.get(path)?.etag !== etag) return 'changed'
    this.put(path, bytes)
    return 'replaced'
  }
  remove(path: string): void {
    this.onWrite(path, this.objects.get(path), undefined)
    this.objects.delete(path)
  }
  list(prefix: string): readonly string[] {
    return [...this.objects.keys()].filter((path) => path.startsWith(prefix)).sort()
  }
}

/** The bucket as a machine reaches it. Its adapter checks what it reads, so an answer that does not fit is `Trouble`. */
export function storeOn(network: Network, machine: Machine, bucket: Bucket): ObjectStore {
  const trouble = (what: string) => (): never => {
    throw new Trouble(`s3: ${what}`)
  }
  const call = <T>(what: string, path: string, effect: () => T): Promise<T> => {
    const exchange: Exchange<T> = {
      step: `s3 ${what} ${path.replace(/\/.*/, '')}`,
      service: 's3',
      effect,
      failed: trouble('InternalError'),
      throttled: trouble('SlowDown'),
      garbled: trouble('the response does not fit'),
      deadlineMs: 10_000,
    }
    return network.exchange(machine, exchange).catch((error: Error) => {
      throw error instanceof Trouble ? error : new Trouble(`s3: ${error.message}`)
    })
  }
  return {
    get: (path) => call('get', path, () => bucket.get(path)),
    create: (path, bytes) => call('create', path, () => bucket.create(path, bytes)),
    replace: (path, bytes, etag) => call('replace', path, () => bucket.replace(path, bytes, etag)),
    remove: (path) => call('remove', path, () => bucket.remove(path)),
    list: (prefix) => call('list', prefix, () => bucket.list(prefix)),
  }
}
