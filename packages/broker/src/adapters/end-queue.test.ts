/** The queue of roles whose sessions end at once: what is sent, and which answers count. */
import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { endQueue, placeIn } from './end-queue.ts'

const place = { target: 'prod', roleArn: 'arn:aws:iam::111122223333:role/stint/Deploy' }
const md5 = (text: string) => createHash('md5').update(text).digest('hex')
const good = (body: string) => JSON.stringify({ MessageId: 'm', MD5OfMessageBody: md5(JSON.parse(body).MessageBody) })

function queue(...answers: ((body: string) => string | Error)[]) {
  const sent: Record<string, string>[] = []
  let drawn = 0
  const post = async (_headers: object, body: string) => {
    const answer = answers[Math.min(sent.length, answers.length - 1)]?.(body) ?? ''
    sent.push(JSON.parse(body))
    if (answer instanceof Error) throw answer
    return { status: 200, headers: {}, body: answer }
  }
  return { sent, ...endQueue({ sqs: { post }, queueUrl: 'https://q', random: (count) => new Uint8Array(count).fill(++drawn) }) }
}

test('a message names the role, and its group is the role’s', async () => {
  const { wake, sent } = queue(good)
  await wake(place)
  await wake({ ...place, target: 'other' })
  await wake({ ...place, roleArn: `${place.roleArn}2` })
  expect(placeIn(sent[0]?.MessageBody ?? '')).toEqual(place)
  const groups = sent.map(({ MessageGroupId }) => MessageGroupId)
  expect([groups[0] === groups[1], groups[0] === groups[2]]).toEqual([true, false])
})

test('two calls are two messages, and two sends of one call are one', async () => {
  const { wake, sent } = queue(() => new Error('lost'), good)
  await wake(place)
  await wake(place)
  const ids = sent.map(({ MessageDeduplicationId }) => MessageDeduplicationId)
  expect([ids.length, ids[0] === ids[1], ids[1] === ids[2]]).toEqual([3, true, false])
})

describe('unknown after two sends', () => {
  test.each<[string, () => string | Error]>([
    ['no answer', () => new Error('lost')],
    ['an answer about another message', () => JSON.stringify({ MessageId: 'm', MD5OfMessageBody: md5('x') })],
    ['an answer without an ID', () => JSON.stringify({ MD5OfMessageBody: md5('x') })],
    ['a page', () => '<html>'],
  ])('%s', async (_title, answer) => {
    const { wake, sent } = queue(answer)
    expect(await wake(place)).toMatchObject({ outcome: 'unknown' })
    expect(sent).toHaveLength(2)
  })
})

test.each(['', 'x', '{}', '[]', '"a"', '{"target":1,"roleArn":"a"}'])('%j is not one of its messages', (body) =>
  expect(placeIn(body)).toBeUndefined(),
)
