# Counts the letters of a word.
. /opt/gantry/gantry.sh
handle() { jq -c '{shell: {letters: (.context.data.word | length)}}' | result; }
run handle
