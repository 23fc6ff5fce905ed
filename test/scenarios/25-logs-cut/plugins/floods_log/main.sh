# Writes far more log than is kept.
cat >/dev/null
seq 1 20000 >&2
echo '{"n":1}'
