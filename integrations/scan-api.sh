#!/bin/sh
# Scans an API in a pipeline and tells the pull request, as scan.sh does for code. What the pipeline ends with is the exit
# code of the scan: that a comment could not be written is told and fails nothing.
#
#   PALISADE          the program (palisade)
#   SCAN_URL          the API, as http://127.0.0.1:4000 for one that an earlier step has started
#   SCAN_SPEC         its specification: a file of the repository, or an address; findings are shown on its lines
#   SCAN_IDENTITIES   who asks, one a line, as alice=bearer:env:ALICE_TOKEN; credentials are in variables of the pipeline
#   SCAN_MODE         passive, active or intrusive (active)
#   SCAN_FAIL_ON      the gate; empty is medium
#   SCAN_MIN_SCORE    fewer points of 100 fail as well
#   SCAN_BASELINE     a file of known findings; with it only new ones count
#   SCAN_OWNER_TOKEN  proof that a public host is yours, as `palisade scan api --help` explains
#   SCAN_REPORTS      where reports are put (palisade-reports)
#   SCAN_PUBLISH      further words for `palisade scan publish`, as --no-sarif; "no" publishes nothing
set -u
palisade=${PALISADE:-palisade}
reports=${SCAN_REPORTS:-palisade-reports}
command -v "$palisade" >/dev/null 2>&1 || {
	echo "palisade is not installed here: put it on the PATH, or say where it is with PALISADE" >&2
	exit 4
}
if [ -z "${SCAN_URL:-}" ]; then
	echo "which API? Set SCAN_URL, as http://127.0.0.1:4000" >&2
	exit 2
fi
mkdir -p "$reports" || exit 4
rm -f "$reports/api-run.json" # one of an earlier scan is not to be told of

set -- scan api "$SCAN_URL" --mode "${SCAN_MODE:-active}" --out "$reports/api-run.json" --out "$reports/api-report.sarif" \
	--out "$reports/api-report.html" --out "junit=$reports/api-junit.xml"
while IFS= read -r who; do
	[ -z "$who" ] || set -- "$@" --identity "$who"
done <<END
${SCAN_IDENTITIES:-}
END
if [ -n "${SCAN_SPEC:-}" ]; then set -- "$@" --spec "$SCAN_SPEC"; fi
if [ -n "${SCAN_FAIL_ON:-}" ]; then set -- "$@" --fail-on "$SCAN_FAIL_ON"; fi
if [ -n "${SCAN_MIN_SCORE:-}" ]; then set -- "$@" --min-score "$SCAN_MIN_SCORE"; fi
if [ -n "${SCAN_OWNER_TOKEN:-}" ]; then set -- "$@" --owner-token "$SCAN_OWNER_TOKEN"; fi
new=
if [ -n "${SCAN_BASELINE:-}" ]; then
	set -- "$@" --baseline "$SCAN_BASELINE" --new-only
	new=--new-only
fi
"$palisade" "$@"
code=$?

if [ "${SCAN_PUBLISH:-}" != no ] && [ -f "$reports/api-run.json" ]; then
	set -- scan publish "$reports/api-run.json" --no-suggest
	if [ -f "${SCAN_SPEC:-}" ]; then set -- "$@" --spec "$SCAN_SPEC"; fi
	# shellcheck disable=SC2086 # several words are meant
	"$palisade" "$@" $new ${SCAN_PUBLISH:-} ||
		echo "The pull request could not be told; the reports are in $reports." >&2
fi
exit $code
