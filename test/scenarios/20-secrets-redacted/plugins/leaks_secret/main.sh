# Gives its secret back in several forms.
request=$(cat)
token=$(printf '%s' "$request" | jq -r .secrets.SCENARIO_TOKEN)
echo "the token is $token" >&2
printf '%s' "$token" | jq -Rc '{length: length, plain: ("<" + . + ">"), base64: @base64, url: @uri, names: {(.): 1}}'
