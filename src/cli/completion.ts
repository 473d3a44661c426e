/**
 * `signalbox completion`: the script that teaches a shell to complete our commands.
 *
 * Rule: a script knows nothing of the commands; it asks `signalbox __complete` for each word, and so stays right when
 * commands and routes change. Where nothing is offered, the shell offers files.
 */

import { didYouMean } from '../config/suggest.ts';
import type { Run } from './command.ts';
import { CommandEnd, DONE, WRONG } from './ends.ts';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof SHELLS)[number];

export const completion: Run = async (given, io) => {
  const word = given.word(0);
  const shell = SHELLS.find((known) => known === word);
  if (shell === undefined)
    throw new CommandEnd(WRONG, `unknown shell ${word}; ${didYouMean(word, SHELLS, `there are ${SHELLS.join(', ')}`)}`);
  io.out(SCRIPTS[shell]);
  return DONE;
};

const SCRIPTS: Readonly<Record<Shell, string>> = {
  bash: `# signalbox completion for bash: source <(signalbox completion bash)
_signalbox() {
  local line="\${COMP_LINE:0:COMP_POINT}" words word
  read -ra words <<< "$line"
  [[ "$line" == *[[:space:]] ]] && words+=("")
  COMPREPLY=()
  while IFS=$'\\t' read -r word _; do
    [ -n "$word" ] && COMPREPLY+=("$word")
  done < <("\${words[0]}" __complete -- "\${words[@]:1}" 2>/dev/null)
  if [ "\${#COMPREPLY[@]}" -gt 0 ] && [[ "\${COMPREPLY[0]}" == *= ]]; then compopt -o nospace 2>/dev/null; fi
}
complete -o default -F _signalbox signalbox
`,
  zsh: `#compdef signalbox
# signalbox completion for zsh: source <(signalbox completion zsh), or a file _signalbox in a folder of $fpath
_signalbox() {
  local -a found sides
  local line
  for line in "\${(@f)$("\${words[1]}" __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    [[ -z "$line" ]] && continue
    local word="\${line%%$'\\t'*}" says="\${line#*$'\\t'}"
    if [[ "$word" == *= ]]; then sides+=("$word"); else found+=("\${word//:/\\\\:}\${says:+:$says}"); fi
  done
  if (( \${#sides} )); then compadd -S '' -- "\${sides[@]}"
  elif (( \${#found} )); then _describe signalbox found
  else _files; fi
}
(( $+functions[compdef] )) && compdef _signalbox signalbox
`,
  fish: `# signalbox completion for fish: signalbox completion fish | source
function __signalbox_complete
    set -l words (commandline -opc)
    set -l found ($words[1] __complete -- $words[2..-1] (commandline -ct) 2>/dev/null)
    if test (count $found) -gt 0
        printf '%s\\n' $found
    else
        __fish_complete_path (commandline -ct)
    end
end
complete -c signalbox -f -a '(__signalbox_complete)'
`,
};
