# Credentials for a CI job, from its OIDC token. Needs only POSIX sh and curl.
#
# stint_credentials reads STINT_URL, STINT_PROFILE and the token in STINT_ID_TOKEN, and, if set, STINT_PARAMETERS
# (one name=value per line), STINT_DURATION (seconds), STINT_REGION, STINT_ALLOWED_ACCOUNT_IDS (comma-delimited),
# STINT_JUSTIFICATION, STINT_TICKET and STINT_REQUEST_ID. It exports the usual AWS_… variables, or prints the cause and returns 1.
# It also exports STINT_SESSION, which is empty unless the session must be ended when the job is done: see stint-end.sh.
# curl gets the token on standard input, because every process on the machine can see arguments.

stint_fail() {
  printf 'stint: %s\n' "$*" >&2
  return 1
}

# Encodes a JSON string. It has no control characters, which stint_credentials checked.
stint_json() {
  printf '"%s"' "$(printf '%s' "$1" | sed 's/[\\"]/\\&/g')"
}

# ,"name":"value" if there is a value.
stint_member() {
  [ -z "$2" ] || printf ',"%s":%s' "$1" "$(stint_json "$2")"
}

stint_body() {
  printf '{"format":"env","profile":%s' "$(stint_json "$STINT_PROFILE")"
  [ -z "${STINT_DURATION:-}" ] || printf ',"duration":%s' "$STINT_DURATION"
  stint_member justification "${STINT_JUSTIFICATION:-}"
  stint_member ticket "${STINT_TICKET:-}"
  stint_member requestId "${STINT_REQUEST_ID:-}"
  if [ -n "${STINT_PARAMETERS:-}" ]; then
    printf ',"parameters":{'
    printf '%s\n' "$STINT_PARAMETERS" | {
      stint_comma=''
      while IFS= read -r stint_line || [ -n "$stint_line" ]; do
        [ -n "$stint_line" ] || continue
        printf '%s%s:%s' "$stint_comma" "$(stint_json "${stint_line%%=*}")" "$(stint_json "${stint_line#*=}")"
        stint_comma=','
      done
    }
    printf '}'
  fi
  printf '}'
}

# The value of one property of a JSON response, for display.
stint_said() {
  printf '%s' "$stint_answer" | sed -n "s/.*\"$1\":\"\\([^\"]*\\)\".*/\\1/p"
}

# One attempt. curl reads no config file (-q), uses the URL literally, and follows no redirect.
stint_ask() {
  printf 'header = "Authorization: Bearer %s"\n' "$STINT_ID_TOKEN" |
    curl -q --config - --globoff --silent --show-error --max-time 60 --proto "=$stint_proto" \
      --header 'Content-Type: application/json' --data-binary "$(stint_body)" --dump-header "$stint_headers" \
      --write-out '\n%{http_code}' "${STINT_URL%/}/sessions"
}

stint_credentials() {
  [ -n "${STINT_URL:-}" ] && [ -n "${STINT_PROFILE:-}" ] || { stint_fail 'STINT_URL and STINT_PROFILE are required' || return 1; }
  [ -n "${STINT_ID_TOKEN:-}" ] || { stint_fail 'the job has no OIDC token' || return 1; }
  case "$STINT_URL" in
    *@* | *[[:space:]]*) stint_fail 'STINT_URL must be an https URL' || return 1 ;;
    https://*) stint_proto=https ;;
    http://127.0.0.1:*) stint_proto=http ;;
    *) stint_fail 'STINT_URL must be an https URL' || return 1 ;;
  esac
  case "$STINT_PROFILE${STINT_JUSTIFICATION:-}${STINT_TICKET:-}${STINT_REQUEST_ID:-}$(printf '%s' "${STINT_PARAMETERS:-}" | tr -d '\n')" in
    *[[:cntrl:]]*) stint_fail 'a value contains a control character' || return 1 ;;
  esac
  if printf '%s\n' "${STINT_PARAMETERS:-}" | grep -v '^$' | grep -qv '^[^=][^=]*='; then
    stint_fail 'parameters must have one name=value per line' || return 1
  fi
  case "${STINT_DURATION:-0}" in
    *[!0-9]*) stint_fail 'the duration must be a whole number of seconds' || return 1 ;;
  esac

  export STINT_SESSION=''
  # Without a place for the headers, the session is not ended with the job.
  stint_headers=$(mktemp 2>/dev/null) || stint_headers=/dev/null

  # Retry temporary failures that issued no session. Do not retry a lost response: the session may exist.
  stint_attempt=1
  while :; do
    stint_answer=$(stint_ask)
    stint_curl=$?
    stint_status=$(printf '%s' "$stint_answer" | tail -n 1)
    stint_answer=$(printf '%s' "$stint_answer" | sed '$d')
    case "$stint_curl $stint_status" in
      '0 429' | '0 503' | '6 '* | '7 '*) [ "$stint_attempt" -lt 5 ] || break ;;
      *) break ;;
    esac
    printf 'stint: attempt %s of 5 failed; trying again\n' "$stint_attempt" >&2
    sleep "$((stint_attempt * ${STINT_PAUSE:-2}))"
    stint_attempt=$((stint_attempt + 1))
  done
  if [ "$stint_headers" != /dev/null ]; then
    if grep -qi '^stint-end-on-exit: *true' "$stint_headers"; then
      STINT_SESSION=$(sed -n 's/^[Ll]ocation: [^[:space:]]*\/sessions\/\(req_[0-9A-Za-z.]*\)[[:space:]]*$/\1/p' "$stint_headers")
    fi
    rm -f "$stint_headers"
  fi
  [ "$stint_curl" = 0 ] || { stint_fail 'the broker is unreachable' || return 1; }

  if [ "$stint_status" = 202 ]; then
    stint_fail "request $(stint_said requestId) needs approval; run this job again with this request ID once it is approved" || return 1
  fi
  if [ "$stint_status" != 201 ]; then
    stint_fail "$(stint_said title): $(stint_said detail) $(stint_said next)" || :
    stint_fail "HTTP $stint_status, code $(stint_said code), trace $(stint_said trace)" || return 1
  fi
  # Pass only the expected lines to eval.
  if printf '%s\n' "$stint_answer" | grep -qv "^export AWS_[A-Z_]*='[^']*'\$"; then
    stint_fail 'the response is not from Stint; check the URL' || return 1
  fi
  if [ -n "${STINT_ALLOWED_ACCOUNT_IDS:-}" ]; then
    stint_account=$(printf '%s\n' "$stint_answer" | sed -n "s/^export AWS_ACCOUNT_ID='\\([0-9]*\\)'\$/\\1/p")
    case ",$(printf '%s' "$STINT_ALLOWED_ACCOUNT_IDS" | tr -d ' ')," in
      *",${stint_account:-unknown},"*) ;;
      *)
        stint_fail "The account ID of the provided credentials (${stint_account:-unknown}) does not match any of the expected account IDs: $STINT_ALLOWED_ACCOUNT_IDS" || return 1
        ;;
    esac
  fi
  eval "$stint_answer"
  if [ -n "${STINT_REGION:-}" ]; then
    AWS_REGION=$STINT_REGION
    AWS_DEFAULT_REGION=$STINT_REGION
    export AWS_REGION AWS_DEFAULT_REGION
  fi
  unset stint_answer stint_status stint_account stint_attempt stint_curl stint_proto stint_headers
}
