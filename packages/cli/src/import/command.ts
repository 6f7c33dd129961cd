/** `stint import`: reads the files of a source, translates, checks, and writes a folder with the config and its access tests. */
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { github, oidc } from '@stint/core'
import { isIssuerUrl } from '@stint/core/config/schema'
import { defined } from '@stint/core/defined'
import { shellWord } from '@stint/core/shell'
import { partitionOfRegion } from '@stint/iam/partition'
import * as v from 'valibot'
import type { Context } from '../context.ts'
import type { Exit } from '../frame/exit.ts'
import { Failure } from '../frame/failure.ts'
import type { TalkFlags } from '../frame/flags.ts'
import { forPeople } from '../output.ts'
import type { Setting } from './entries.ts'
import { authorizationDetails, documentsOf, type GithubFile, translateGithub } from './github.ts'
import { type Directory, identityCenter, translateIdentityCenter } from './identity-center.ts'
import { emptyMapping, type Mapping, mappingSchema } from './mapping.ts'
import { checked, MAX_FILES, readJson, readText } from './read.ts'
import { importJson, importText } from './report.ts'
import type { Rule } from './rules.ts'
import { settle } from './settle.ts'
import { elevatorVariables, translateElevator } from './sso-elevator.ts'
import { approversTable, eligibilityTable, settingsTable, translateTeam } from './team.ts'
import { parseTfvars } from './tfvars.ts'
import { writtenFiles } from './written.ts'

type ImportFlags = TalkFlags & {
  readonly out: string
  readonly map?: string
  readonly force: boolean
  readonly region: string
  readonly audience: string
  readonly all: boolean
}

type PeopleFlags = ImportFlags & { readonly peopleIssuer: string; readonly peopleJwks: string; readonly organization?: string }

export async function githubCommand(context: Context, flags: ImportFlags, ...files: readonly string[]): Promise<Exit> {
  const mapping = await startOf(flags, files)
  const read: GithubFile[] = []
  const seen = new Map<string, string>()
  for (const file of files) {
    const details = await readJson(file, authorizationDetails)
    for (const { Arn } of details.RoleDetailList) {
      const other = seen.get(Arn)
      if (other !== undefined)
        throw new Failure('unreachable', `${Arn} is in ${other} and in ${file}.`, { next: 'Pass each account once.' })
      seen.set(Arn, file)
    }
    read.push({ file, details })
  }
  const partition = partitionOfRegion(flags.region).id
  const { rules, owner } = translateGithub(read, { mapping, partition })
  const pin = mapping.enterprise === undefined ? { ownerId: owner ?? '0' } : { enterpriseId: mapping.enterprise }
  return finish(context, flags, {
    source: 'github',
    rules,
    issuers: { github: github({ key: 'gh', audiences: [flags.audience], ...pin }) },
  })
}

export async function identityCenterCommand(context: Context, flags: PeopleFlags, ...files: readonly string[]): Promise<Exit> {
  const directory = await directoryOf(flags, files)
  return finish(context, flags, { source: 'identity-center', rules: translateIdentityCenter(directory), ...peopleOf(flags) })
}

type TeamFlags = PeopleFlags & { readonly eligibility: string; readonly approvers: string; readonly settings: string }

export async function teamCommand(context: Context, flags: TeamFlags, ...files: readonly string[]): Promise<Exit> {
  const directory = await directoryOf(flags, files)
  const team = {
    file: flags.eligibility,
    eligibility: (await readJson(flags.eligibility, eligibilityTable)).Items,
    approvers: (await readJson(flags.approvers, approversTable)).Items,
    settings: (await readJson(flags.settings, settingsTable)).Items,
  }
  return finish(context, flags, { source: 'team', rules: translateTeam(team, directory), ...peopleOf(flags) })
}

type ElevatorFlags = PeopleFlags & { readonly tfvars: string }

export async function ssoElevatorCommand(context: Context, flags: ElevatorFlags, ...files: readonly string[]): Promise<Exit> {
  const directory = await directoryOf(flags, files)
  const file = flags.tfvars
  const variables = file.endsWith('.json')
    ? await readJson(file, elevatorVariables)
    : checked(file, await readTfvars(file), elevatorVariables)
  return finish(context, flags, {
    source: 'sso-elevator',
    rules: translateElevator({ file, variables }, directory),
    ...peopleOf(flags),
  })
}

async function readTfvars(file: string): Promise<unknown> {
  const parsed = parseTfvars(await readText(file))
  if (parsed.ok) return parsed.value
  throw new Failure('unreachable', `${file}, ${parsed.fault}`, {
    next: 'docs/guides/import.md shows how to make a file of literal values.',
  })
}

/** The file of Identity Center, and authorization details for the documents of customer managed policies. */
async function directoryOf(flags: PeopleFlags, files: readonly string[]): Promise<Directory> {
  const mapping = await startOf(flags, files)
  for (const [name, url] of [
    ['people-issuer', flags.peopleIssuer],
    ['people-jwks', flags.peopleJwks],
  ] as const)
    if (!isIssuerUrl(url))
      throw new Failure('usage', `--${name} '${url}' is not an https URL.`, { next: 'Use the URL of your identity provider.' })
  const documents = new Map<string, unknown>()
  let found: Pick<Directory, 'file' | 'center'> | undefined
  for (const file of files) {
    const read = await readJson(file, v.record(v.string(), v.unknown()))
    if ('RoleDetailList' in read) {
      for (const [arn, json] of documentsOf(checked(file, read, authorizationDetails))) documents.set(arn, json)
      continue
    }
    if (found) throw new Failure('usage', `${file} and ${found.file} are both of Identity Center.`, { next: 'Pass one.' })
    found = { file, center: checked(file, read, identityCenter) }
  }
  if (!found)
    throw new Failure('usage', 'None of the files is of Identity Center.', { next: 'docs/guides/import.md shows how to collect it.' })
  return { ...found, documents, mapping, partition: partitionOfRegion(flags.region).id }
}

const peopleOf = ({ audience, peopleIssuer, peopleJwks, organization }: PeopleFlags): Pick<Translation, 'issuers' | 'organization'> => ({
  ...defined({ organization }),
  issuers: {
    people: oidc({
      key: 'people',
      url: peopleIssuer,
      jwksUri: peopleJwks,
      kind: 'human',
      audiences: [audience],
      tokenUse: 'access',
      groupsClaim: 'groups',
    }),
  },
})

/** Checks what all sources share, before anything is read. */
async function startOf(flags: ImportFlags, files: readonly string[]): Promise<Mapping> {
  if (files.length === 0) throw new Failure('usage', 'Missing file.', { next: 'docs/guides/import.md shows how to collect it.' })
  if (files.length > MAX_FILES)
    throw new Failure('usage', `More than ${MAX_FILES} files.`, { next: 'Import them in parts, each into a folder of its own.' })
  if (!isIssuerUrl(flags.audience))
    throw new Failure('usage', `--audience '${flags.audience}' is not an https URL.`, { next: 'Use the URL of your broker.' })
  if (!/^[a-z]{2,4}(-[a-z]+)+-\d{1,2}$/.test(flags.region))
    throw new Failure('usage', `--region '${flags.region}' is not a valid region.`, { next: 'Use a region such as eu-central-1.' })
  if (!flags.force && !(await isEmpty(flags.out)))
    throw new Failure('usage', `${flags.out} is not empty.`, {
      next: 'Choose a new folder with --out, or overwrite the files with --force.',
    })
  return flags.map === undefined ? emptyMapping : readJson(flags.map, mappingSchema)
}

const isEmpty = (folder: string): Promise<boolean> =>
  readdir(folder).then(
    (names) => names.length === 0,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return true
      throw new Failure('usage', `${folder} is not a folder.`, { next: 'Choose a new folder with --out.' })
    },
  )

type Translation = Pick<Setting, 'issuers' | 'organization'> & { readonly source: string; readonly rules: readonly Rule[] }

async function finish(
  { process: { stdout, stderr } }: Context,
  flags: ImportFlags,
  { source, rules, issuers, organization }: Translation,
): Promise<Exit> {
  if (rules.length === 0)
    throw new Failure('failed', 'The files have no rules of this kind. Nothing was written.', {
      next: 'stint import --help lists the sources.',
    })
  if (rules.length > MAX_RULES)
    throw new Failure('failed', `The files have more than ${MAX_RULES} rules. Nothing was written.`, { next: 'Import them in parts.' })
  const setting: Setting = {
    partition: partitionOfRegion(flags.region).id,
    region: flags.region,
    issuers,
    log: `${new URL(flags.audience).host}/log`,
    ...defined({ organization }),
  }
  const settled = settle(rules, setting)
  const files = settled.entries.length === 0 ? {} : writtenFiles(settled.entries, setting, source)
  for (const [name, text] of Object.entries(files)) {
    await write(join(flags.out, name), text)
  }
  const written = Object.keys(files).map((name) => join(flags.out, name))
  stdout.write(
    flags.json
      ? importJson(settled.rules, settled.entries, written)
      : forPeople(importText(settled.rules, flags.all ? Number.POSITIVE_INFINITY : ROWS)),
  )
  if (written.length === 0)
    throw new Failure('failed', 'No rule could be imported. Nothing was written.', {
      next: 'The report says what each rule needs: docs/guides/import.md',
    })
  if (!flags.quiet) {
    const config = shellWord(join(flags.out, 'stint.config.ts'))
    const table = shellWord(join(flags.out, 'test/access.ts'))
    const targets = new Set(settled.entries.flatMap(({ target, accounts }) => accounts.map((account) => `${target}-${account}`))).size
    const many =
      targets > LISTED_TARGETS && organization === undefined
        ? [`${targets} targets need targetRoles: docs/guides/targets.md#five-hundred-accounts`]
        : []
    stderr.write(
      [`wrote ${written.join(', ')}`, ...many, `next: stint lint --config ${config} && stint test ${table} --config ${config}`]
        .map((line) => `stint: ${forPeople(line)}\n`)
        .join(''),
    )
  }
  return 'ok'
}

async function write(file: string, text: string): Promise<void> {
  try {
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, text)
  } catch (error) {
    throw new Failure('failed', `${file} could not be written: ${(error as Error).message}.`, { next: 'Choose a new folder with --out.' })
  }
}

/** A company with 1,000 accounts and 100 permission sets in each has 100,000. */
const MAX_RULES = 300_000
/** About the number of roles that the policies of one role can list (docs/guides/targets.md). */
const LISTED_TARGETS = 900
/** Rows of the report on a terminal. */
const ROWS = 40
