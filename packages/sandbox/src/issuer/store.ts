/** The provider's storage for codes, sessions and grants: in memory, lost when the process ends. */
import type { Adapter, AdapterPayload } from 'oidc-provider'

/** One store per provider. The rows of each model are separate, by name. */
export function memoryStore(): (model: string) => Adapter {
  const rows = new Map<string, AdapterPayload>()

  return (model) => {
    const keyOf = (id: string) => `${model}:${id}`
    const find = (fits: (row: AdapterPayload) => boolean) => [...rows].find(([key, row]) => key.startsWith(`${model}:`) && fits(row))?.[1]
    return {
      async upsert(id, payload) {
        rows.set(keyOf(id), payload)
      },
      async find(id) {
        const row = rows.get(keyOf(id))
        return row?.exp !== undefined && row.exp * 1000 < Date.now() ? undefined : row
      },
      async findByUid(uid) {
        return find((row) => row.uid === uid)
      },
      async findByUserCode(userCode) {
        return find((row) => row.userCode === userCode)
      },
      async consume(id) {
        const row = rows.get(keyOf(id))
        if (row) row.consumed = Math.floor(Date.now() / 1000)
      },
      async destroy(id) {
        rows.delete(keyOf(id))
      },
      async revokeByGrantId(grantId) {
        for (const [key, row] of rows) if (row.grantId === grantId) rows.delete(key)
      },
    }
  }
}
