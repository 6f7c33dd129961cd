/** The tree of commands. Each command has a file here; its code is loaded when it runs. */
import { type ApplicationText, buildApplication, buildRouteMap, text_en } from '@stricli/core'
import type { Context } from '../context.ts'
import { approve } from './approve.ts'
import { audit } from './audit/index.ts'
import { cancel } from './cancel.ts'
import { completion } from './completion.ts'
import { configure } from './configure.ts'
import { console as consoleCommand } from './console.ts'
import { context } from './context.ts'
import { credentialProcess } from './credential-process.ts'
import { deny } from './deny.ts'
import { doctor } from './doctor.ts'
import { end } from './end.ts'
import { env } from './env.ts'
import { exec } from './exec.ts'
import { extend } from './extend.ts'
import { freeze } from './freeze.ts'
import { importRoutes } from './import/index.ts'
import { lint } from './lint.ts'
import { login } from './login.ts'
import { logout } from './logout.ts'
import { profiles } from './profiles.ts'
import { request } from './request.ts'
import { requests } from './requests.ts'
import { review } from './review.ts'
import { revoke } from './revoke.ts'
import { sandbox } from './sandbox.ts'
import { serve } from './serve.ts'
import { sessions } from './sessions.ts'
import { shell } from './shell.ts'
import { show } from './show.ts'
import { slack } from './slack/index.ts'
import { status } from './status.ts'
import { target } from './target/index.ts'
import { testCases } from './test.ts'
import { unfreeze } from './unfreeze.ts'
import { version } from './version.ts'
import { whoami } from './whoami.ts'
import { why } from './why.ts'

/** In the order of the help: sign in, enter, approve, look, and then what platform engineers and auditors need. */
const routes = {
  login,
  logout,
  whoami,
  status,
  context,
  profiles,
  exec,
  shell,
  env,
  console: consoleCommand,
  credentialProcess,
  configure,
  serve,
  request,
  extend,
  requests,
  show,
  sessions,
  why,
  doctor,
  approve,
  deny,
  cancel,
  revoke,
  end,
  review,
  freeze,
  unfreeze,
  slack,
  lint,
  test: testCases,
  target,
  import: importRoutes,
  audit,
  sandbox,
  completion,
  version,
}

const root = buildRouteMap({ routes, docs: { brief: 'Temporary AWS credentials, with approvals and a verifiable audit log' } })

/** Every command as it is typed, with its brief and the flags that it knows: for the guide and the tests. */
export function allCommands(): readonly { readonly name: string; readonly brief: string; readonly hasFlag: (flag: string) => boolean }[] {
  return root.getAllEntries().flatMap(({ name, target: found }) => {
    const typed = name['convert-camel-to-kebab']
    const entries =
      'getAllEntries' in found
        ? found.getAllEntries().map((inner) => [`${typed} ${inner.name['convert-camel-to-kebab']}`, inner.target] as const)
        : [[typed, found] as const]
    return entries.map(([words, one]) => ({
      name: words,
      brief: one.brief,
      hasFlag: (flag) => 'usesFlag' in one && one.usesFlag(flag, 'original'),
    }))
  })
}

type Messages = Partial<Pick<ApplicationText, 'exceptionWhileParsingArguments' | 'noCommandRegisteredForInput' | 'formatException'>>

/** `messages`: for invalid words and for bugs. A completion prints neither, and the code that makes output safe takes long to load. */
export const applicationFor = ({ env, stdout }: NodeJS.Process, messages: Messages = {}) =>
  buildApplication<Context>(root, {
    name: 'stint',
    scanner: { caseStyle: 'allow-kebab-for-camel', allowArgumentEscapeSequence: true },
    localization: { loadText: () => ({ ...text_en, ...messages }) },
    documentation: {
      onlyRequiredInUsageLine: true,
      caseStyle: 'convert-camel-to-kebab',
      disableAnsiColor: !stdout.isTTY || env.NO_COLOR !== undefined,
    },
  })
