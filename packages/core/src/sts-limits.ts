/** What AWS STS does with times. Source: AWS STS API Reference, AssumeRole, DurationSeconds. */

/** The shortest time for which AWS issues credentials, in seconds. */
export const MIN_STS_SECONDS = 900
/** AWS rounds an expiration to whole seconds, and takes some time before it responds. */
export const LATER_SECONDS = 60
