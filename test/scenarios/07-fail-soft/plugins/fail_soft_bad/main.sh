# Fails as a shell script does.
cat >/dev/null
echo 'nothing works today' >&2
exit 1
