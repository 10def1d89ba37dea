# SPDX-License-Identifier: LGPL-2.1-or-later
# Completion of the command nucseg for bash.
_nucseg ()
{
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
  local command=${COMP_WORDS[1]} words
  local model='--model --backend --precision --threads --scale --pixel-size
    --polarity --significant-bits --threshold --min-area --max-area
    --exclude-border --quiet --help'

  COMPREPLY=()
  if (( COMP_CWORD == 1 )); then
    mapfile -t COMPREPLY < <(compgen -W \
      'segment watch info help --help --version' -- "$cur")
    return
  fi
  case $prev in
    --backend|-b) words='auto onednn reference' ;;
    --precision) words='auto f32 bf16 f16 int8' ;;
    --polarity) words='auto bright dark' ;;
    --codec) words='jpeg vp8 h264 theora ffv1' ;;
    --out|-o) mapfile -t COMPREPLY < <(compgen -d -- "$cur"); return ;;
    --model|-m|--record|-r|--jsonl|-j|--snapshot|-s)
      mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
    --overlay) [[ $command == watch ]] && words='none fill contour both' ;;
    --threads|--scale|--pixel-size|--significant-bits|--threshold|--min-area|\
    --max-area|--frames|-n|--size|--fps|--sink) return ;;
  esac
  if [[ -z $words && $cur == -* ]]; then
    case $command in
      segment) words="--out --overlay $model" ;;
      watch) words="--record --codec --jsonl --snapshot --frames --size --fps
        --overlay --no-count --sink $model" ;;
      info) words='--model --help' ;;
    esac
  fi
  if [[ -n $words ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
    return
  fi
  case $command in
    help) words='segment watch info' ;;
    watch) words=test ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur"; compgen -f -- "$cur")
}
complete -o filenames -F _nucseg nucseg
