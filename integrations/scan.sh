#!/bin/sh
# Scans a project in a pipeline and tells the pull request. What the pipeline ends with is the exit code of the scan:
# that a comment could not be written is told and fails nothing.
#
#   PALISADE        the program (palisade)
#   SCAN_PATH       the folder (.)
#   SCAN_FAIL_ON    the gate; empty takes .palisade.yaml, or medium
#   SCAN_BASELINE   a file of known findings; with it only new ones count
#   SCAN_REPORTS    where reports are put (palisade-reports)
#   SCAN_PUBLISH    further words for `palisade scan publish`, as --no-sarif; "no" publishes nothing
set -u
palisade=${PALISADE:-palisade}
path=${SCAN_PATH:-.}
reports=${SCAN_REPORTS:-palisade-reports}
command -v "$palisade" >/dev/null 2>&1 || {
	echo "palisade is not installed here: put it on the PATH, or say where it is with PALISADE" >&2
	exit 4
}
mkdir -p "$reports" || exit 4

set -- scan code "$path" --out "$reports/run.json" --out "$reports/report.sarif" --out "$reports/junit.xml" --out "$reports/report.html"
new=
if [ -n "${SCAN_FAIL_ON:-}" ]; then set -- "$@" --fail-on "$SCAN_FAIL_ON"; fi
if [ -n "${SCAN_BASELINE:-}" ]; then
	set -- "$@" --baseline "$SCAN_BASELINE" --new-only
	new=--new-only
fi
"$palisade" "$@"
code=$?

case ${SCAN_PUBLISH:-} in
no) ;;
*)
	# 2 and 4 leave no run to tell of.
	if [ "$code" != 2 ] && [ "$code" != 4 ]; then
		# shellcheck disable=SC2086 # several words are meant
		"$palisade" scan publish "$reports/run.json" --root "$path" $new ${SCAN_PUBLISH:-} ||
			echo "The pull request could not be told; the reports are in $reports." >&2
	fi
	;;
esac
exit $code
