/** The version of the command line. A test compares it with package.json. It is written here, so that the bundle needs no file beside it. */
export const VERSION = '0.1.0'
