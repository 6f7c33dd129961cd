/** `stint/sst`: the SST app. The package has it as one file. */
export * from '../../../infra/sst.ts'
