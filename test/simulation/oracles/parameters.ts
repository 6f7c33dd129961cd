/** Invariant 3: role, external ID, name, source identity, tags and policy are never the caller's beyond declared parameters. */
import { isRequest, type Json, type Oracle, type OracleContext, sessionsIn, stringOf } from './oracle.ts'

export function parametersOracle({ fault, releases }: OracleContext): Oracle {
  const byName = new Map<string, { readonly subject: string; readonly terms: Json; readonly session: string }>()
  return {
    onWrite(write) {
      if (!isRequest(write)) return
      const terms = stringOf(write.after?.terms)
      if (terms === undefined) return
      for (const { suffix, fields } of sessionsIn(write.after)) {
        const name = stringOf(fields.sessionName) ?? ''
        if (!byName.has(name))
          byName.set(name, {
            subject: stringOf(write.after?.caller?.M?.subject) ?? '',
            terms: JSON.parse(terms),
            session: `${write.id.slice(4)}.${suffix}`,
          })
      }
    },
    onAssume({ form }) {
      const target = Object.values(releases[0]?.targets ?? {}).find(({ roleArn }) => roleArn === form.RoleArn)
      if (!target || form.ExternalId !== target.externalId) fault('parameters', 'AssumeRole with another role or external ID')
      const intent = byName.get(form.RoleSessionName ?? '')
      if (!intent) return
      const { terms, session, subject } = intent
      const wanted = releases[0]?.profiles.find(terms.profile)?.target ?? ''
      if (target !== releases[0]?.targets[wanted]) fault('parameters', `AssumeRole with the role of another profile than ${terms.profile}`)
      if (form.SourceIdentity !== terms.sourceIdentity) fault('parameters', `source identity ${form.SourceIdentity} of ${subject}`)
      const policy = JSON.parse(form.Policy ?? '{}') as Json
      const end = policy.Statement?.find(({ Effect, Condition }: Json) => Effect === 'Deny' && Condition?.DateGreaterThanEquals)
      if (!end) fault('parameters', 'AssumeRole without the exact end in its policy')
      const tags = Object.keys(form).flatMap((name) => (name.endsWith('.Key') ? [[form[name], form[name.replace('.Key', '.Value')]]] : []))
      if (!tags.some(([key, value]) => key === 'stint:session' && value === session))
        fault('parameters', `no tag names the session ${session}`)
      if (terms.profile === 'bucket' && !form.Policy?.includes('arn:aws:s3:::acme-logs/*'))
        fault('parameters', 'the parameter is not in the policy')
    },
  }
}
