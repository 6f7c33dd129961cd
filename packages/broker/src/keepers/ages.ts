/** Days that items stay in the story table. The log keeps their events for as long as its bucket does. */
export const KEPT_DAYS = { requests: 400, refusals: 30 } as const
