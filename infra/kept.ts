/** What outlives its stage, and what no deploy may replace: a stage that is kept (`sst.config.ts`) holds the only copy of it. */

/** Stays when it leaves the app. */
export const kept = () => ({ retainOnDelete: $app.removal !== 'remove' })
/** And is neither removed nor replaced: by a setting, or by an upgrade. */
export const held = () => ({ ...kept(), protect: $app.protect })

type Transform = (args: object, options: $util.CustomResourceOptions) => undefined
/** The same for what SST makes: its `transform`, with what else is to be set. */
export const keeping: Transform = (_args, options) => void Object.assign(options, kept())
export const holding =
  (more: object): Transform =>
  (args, options) => {
    Object.assign(args, more)
    Object.assign(options, held())
    return undefined
  }
