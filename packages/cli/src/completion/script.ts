/** `stint completion`: a script that asks `stint __complete` for proposals. */
import type { Context } from '../context.ts'
import type { TalkFlags } from '../frame/flags.ts'

const scripts = {
  // COMP_WORDS splits at = and :, so the line is cut at the cursor and split at blanks.
  bash: `_stint() {
  local line="\${COMP_LINE:0:COMP_POINT}" word
  local -a words
  read -ra words <<< "$line"
  word=''
  [[ "$line" == *[[:space:]] ]] || { word="\${words[-1]}"; unset 'words[-1]'; }
  COMPREPLY=()
  while IFS= read -r reply; do COMPREPLY+=("\${reply%%$'\\t'*}"); done < <(stint __complete "\${words[@]:1}" "$word" 2>/dev/null)
}
complete -o default -F _stint stint
`,
  zsh: `_stint() {
  local -a replies
  local reply
  while IFS= read -r reply; do replies+=("\${\${reply%%$'\\t'*}//:/\\\\:}:\${reply#*$'\\t'}"); done < <(stint __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)
  _describe stint replies || _files
}
compdef _stint stint
`,
  fish: `function __stint_complete
  set -l words (commandline -opc)
  stint __complete $words[2..-1] (commandline -ct) 2>/dev/null
end
complete -c stint -f -a '(__stint_complete)'
`,
} as const

export function completionCommand({ process }: Context, _flags: TalkFlags, shell: keyof typeof scripts): void {
  process.stdout.write(scripts[shell])
}
