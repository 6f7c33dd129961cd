/** `stint completion`: a script that asks `stint __complete` for proposals. */

import { quoted } from '@stint/core/shell'
import type { Context } from '../context.ts'
import { fishQuoted } from '../credentials/shell-code.ts'
import type { TalkFlags } from '../frame/flags.ts'
import { installedStint, ownCommand } from '../frame/own-command.ts'

/** `own`: the words that run this command line, quoted for the shell. An alias for it, or a PATH that changes, does not matter. */
const scripts = (own: string) => ({
  // COMP_WORDS splits at = and :, so the line is cut at the cursor and split at blanks.
  bash: `_stint() {
  local line="\${COMP_LINE:0:COMP_POINT}" word
  local -a words
  read -ra words <<< "$line"
  word=''
  [[ "$line" == *[[:space:]] ]] || { word="\${words[-1]}"; unset 'words[-1]'; }
  COMPREPLY=()
  while IFS= read -r reply; do COMPREPLY+=("\${reply%%$'\\t'*}"); done < <(${own} __complete "\${words[@]:1}" "$word" 2>/dev/null)
}
complete -o default -F _stint stint
`,
  zsh: `_stint() {
  local -a replies
  local reply
  while IFS= read -r reply; do replies+=("\${\${reply%%$'\\t'*}//:/\\\\:}:\${reply#*$'\\t'}"); done < <(${own} __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)
  _describe stint replies || _files
}
compdef _stint stint
`,
  fish: `function __stint_complete
  set -l words (commandline -opc)
  ${own} __complete $words[2..-1] (commandline -ct) 2>/dev/null
end
complete -c stint -n 'not contains -- -- (commandline -opc)' -f -a '(__stint_complete)'
`,
})

export async function completionCommand({ process }: Context, flags: TalkFlags, shell: 'bash' | 'zsh' | 'fish'): Promise<void> {
  const quote = shell === 'fish' ? fishQuoted : quoted
  const own = (await ownCommand(process)).map((word) => (/^[\w./:@%+-]+$/.test(word) ? word : quote(word))).join(' ')
  process.stdout.write(scripts(own)[shell])
  // Shells complete the words of a command that they know. `npx stint` is the command npx to them.
  if (flags.quiet || (await installedStint(process)) !== undefined) return
  process.stderr.write(`stint: stint is not on your PATH, so shells cannot complete it. Run: alias stint=${quote(own)}\n`)
}
