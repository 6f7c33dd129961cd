import type { Target } from './engine.ts'
import { body, token } from './targets/caller.ts'
import { containment } from './targets/containment.ts'
import { names } from './targets/names.ts'
import { notes, tiles } from './targets/notes.ts'
import { patterns } from './targets/patterns.ts'
import { policy } from './targets/policy.ts'
import { sigv4 } from './targets/sigv4.ts'
import { slack } from './targets/slack.ts'

export const targets: readonly Target[] = [token, body, policy, containment, names, patterns, notes, tiles, slack, sigv4]
