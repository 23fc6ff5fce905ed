# Each hook breaks the contract of stdout in another way.
request=$(cat)
case $(printf '%s' "$request" | jq -r .context.hook) in
not_json) echo 'hello' ;;
stray_print) echo 'starting' && echo '{"n":1}' ;;
cut) printf '{"n":[1,2' ;;
two_results) echo '{"n":1}' && echo '{"n":2}' ;;
not_utf8) printf '{"n":"\377"}' ;;
prototype) echo '{"n":{"__prot\u006f__":{"polluted":true}}}' ;;
no_object) echo '[1]' ;;
bad_status) echo '{"status":"fine"}' ;;
too_deep) jq -nc '[range(80)] | reduce .[] as $n (1; {n: .})' ;;
esac
