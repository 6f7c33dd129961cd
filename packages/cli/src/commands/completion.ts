/** `stint completion` */
import { command } from '../frame/command.ts'
import { talk } from '../frame/flags.ts'

export const completion = command({
  docs: {
    brief: 'Print a completion script for bash, zsh or fish',
    fullDescription:
      'bash: source <(stint completion bash). zsh: source <(stint completion zsh), after compinit. fish: stint completion fish | source. Put the line into the start-up file of your shell.',
  },
  parameters: {
    positional: {
      kind: 'tuple',
      parameters: [{ parse: shellName, brief: 'bash, zsh or fish', placeholder: 'SHELL' }],
    },
    flags: talk,
  },
  load: async () => (await import('../completion/script.ts')).completionCommand,
})

function shellName(value: string): 'bash' | 'zsh' | 'fish' {
  if (value !== 'bash' && value !== 'zsh' && value !== 'fish') throw new SyntaxError('must be bash, zsh or fish')
  return value
}
