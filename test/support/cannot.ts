/** The exit code of a check that this machine cannot run, or whose result would say nothing. `npm run verify:all` shows it as skipped. */
export const CANNOT = 77
