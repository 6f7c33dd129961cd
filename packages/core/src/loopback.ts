/** Hosts of this machine. Plain http is accepted for these alone, for the sandbox. */
const hosts: readonly string[] = ['127.0.0.1', 'localhost', '[::1]']

/** Whether a URL leads to this machine. */
export function isLoopback(url: string): boolean {
  const parsed = URL.parse(url)
  return parsed !== null && hosts.includes(parsed.hostname)
}
