/** The names of the targets, for those who must not load them. */
export const targetNames = ['token', 'body', 'policy', 'containment', 'names', 'patterns', 'notes', 'tiles', 'slack', 'sigv4'] as const
