/** The version of Stint that a new folder gets. A test compares it with package.json. */
export const VERSION = '0.1.0'
