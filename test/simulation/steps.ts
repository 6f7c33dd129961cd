/** Names the step that a call of DynamoDB is, for the story and for the matrix of faults and steps. */

export function stepOf(operation: string, input: any): string {
  if (input.RequestItems) {
    const [[table, all]] = Object.entries<any>(input.RequestItems) as [[string, any]]
    const first = all.Keys?.[0] ?? all[0]?.PutRequest?.Item ?? all[0]?.DeleteRequest?.Key
    return `${operation} ${kindOf(table, first)}`
  }
  if (operation === 'Query')
    return `Query ${input.IndexName ?? kindOf(input.TableName, { pk: Object.values<any>(input.ExpressionAttributeValues)[0] })}`
  const kind = kindOf(input.TableName, input.Key ?? input.Item)
  const events = Object.values<any>(input.ExpressionAttributeValues ?? {}).flatMap((value) =>
    (value.L ?? []).flatMap((one: any) => one.M?.event?.S ?? []),
  )
  const type = /"type":"([a-z.-]+)"/.exec(events.at(-1) ?? '')?.[1]
  return type ?? `${operation} ${kind}`
}

const kindOf = (_table: string, key: any): string =>
  /^[A-Z]+(?:#[A-Z]+)?/.exec(key?.pk?.S ?? '')?.[0]?.replace(/#(REQ|FREEZE).*/, '') ?? 'page'
