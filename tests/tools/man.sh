#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The man page has no fault that groff knows of, and names each option that
# --help names.
#
#   man.sh PAGE NUCSEG
page=$1 nucseg=$2
command -v groff >/dev/null || { echo "SKIP: groff is not installed"; exit 77; }
warnings=$(groff -man -Tascii -ww -z "$page" 2>&1)
if [ -n "$warnings" ]; then
  echo "$warnings"
  exit 1
fi
text=$(groff -man -Tascii -P-c -rLL=200n "$page" | sed 's/.\x08//g') || exit 1
status=0
for command in segment watch info; do
  options=$("$nucseg" "$command" --help | grep -o -e '--[a-z][a-z-]*' | sort -u)
  [ -n "$options" ] || { echo "nucseg $command --help names no option"; exit 1; }
  for option in $options; do
    case $text in
      *"$option"*) ;;
      *) echo "$page does not name $option of nucseg $command"; status=1 ;;
    esac
  done
done
exit $status
