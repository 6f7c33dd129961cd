/** The partitions of refusals in the index `byDay`. In a file of its own, which `vend` loads with its first refusal. */
import { type Instant, toDay } from '@stint/core/instant'

/** Refusals have partitions of their own: they leave the table sooner, and lists of requests do not pass over them. */
export const refusedDayKey = (at: Instant, shard: number): string => refusedPartition(toDay(at), shard)
export const refusedPartition = (day: string, shard: number): string => `${day}#refused#${shard}`
