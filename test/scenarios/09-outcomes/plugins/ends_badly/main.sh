# Each hook ends in another way.
request=$(cat)
case $(printf '%s' "$request" | jq -r .context.hook) in
says_error) echo '{"status":"error","error":{"code":"no_rows","message":"the table is empty","retryable":true}}' ;;
wrong_use) exit 64 ;;
crash) exit 3 ;;
signal) kill -9 $$ ;;
nothing) ;;
skips) echo '{"status":"skipped","reason":"nothing to do"}' ;;
wrapped) echo '{"status":"success","data":{"status":"shipped"}}' ;;
crash_after_result) echo '{"lost":1}' && exit 3 ;;
too_much) head -c 100000 /dev/zero | tr '\0' x ;;
esac
