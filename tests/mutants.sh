#!/bin/sh
# mutants.sh [--fresh] [FILE..] - do the unit tests of attestation/ notice when one of its conditions is
# wrong? Each is turned around, one at a time (mutants/rewrite.py says which); what no test notices has
# to stand in mutants.txt with the reason. Goes on where an earlier run ended; --fresh forgets it.
# Everything is built once below build/mutants; a whole run takes about an hour of one core.
exec /usr/bin/python3 "$(dirname "$0")/mutants/mutants.py" "$@"
