/**
 * The `notify` function. It runs on the story table's stream, and once a minute by a schedule for pending updates. With
 * `{ "task": "replay" }` it tries every pending update again, including dead letters. It cannot write the story table.
 */
import { type Notified, notify, notifyPending } from '../slack/notify.ts'
import { deploymentFrom, slackDeploymentFrom } from '../wiring/environment.ts'
import { openNotifier } from '../wiring/slack.ts'
import { onStream } from './on-stream.ts'

const parts = openNotifier(slackDeploymentFrom(process.env, deploymentFrom(process.env, __dirname)))

export const handler = onStream<Notified>(
  parts,
  {
    async batch(journals) {
      await notify(parts, journals)
    },
    task: (task) => notifyPending(parts, task === 'replay'),
  },
  // Even the pending update could not be stored.
  (cause) => ({ level: 'error', event: 'notify-failed', cause }),
)
