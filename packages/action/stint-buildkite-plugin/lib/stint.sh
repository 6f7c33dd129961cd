# Credentials for a CI job, from its OIDC token alone. POSIX sh and curl, nothing else.
#
# stint_credentials reads STINT_URL, STINT_PROFILE and the token in STINT_ID_TOKEN, and where they are set STINT_PARAMETERS
# (one name=value a line), STINT_DURATION (seconds), STINT_REGION, STINT_ALLOWED_ACCOUNT_IDS (comma-delimited),
# STINT_JUSTIFICATION, STINT_TICKET and STINT_REQUEST_ID. It exports the usual AWS_… variables, or says why not and returns 1.
# The token is handed to curl on its standard input: arguments can be seen by every process of the machine.

stint_fail() {
  printf 'stint: %s\n' "$*" >&2
  return 1
}

# A text as a JSON string. It holds no control characters: stint_credentials has looked.
stint_json() {
  printf '"%s"' "$(printf '%s' "$1" | sed 's/[\\"]/\\&/g')"
}

# ,"name":"value" where there is a value.
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

# The value of one member of a JSON answer, as far as a person needs it.
stint_said() {
  printf '%s' "$stint_answer" | sed -n "s/.*\"$1\":\"\\([^\"]*\\)\".*/\\1/p"
}

# One try. curl reads no file of anybody's settings (-q), takes the URL for what it says, and follows nowhere.
stint_ask() {
  printf 'header = "Authorization: Bearer %s"\n' "$STINT_ID_TOKEN" |
    curl -q --config - --globoff --silent --show-error --max-time 60 --proto "=$stint_proto" \
      --header 'Content-Type: application/json' --data-binary "$(stint_body)" \
      --write-out '\n%{http_code}' "${STINT_URL%/}/sessions"
}

stint_credentials() {
  [ -n "${STINT_URL:-}" ] && [ -n "${STINT_PROFILE:-}" ] || { stint_fail 'STINT_URL and STINT_PROFILE are needed' || return 1; }
  [ -n "${STINT_ID_TOKEN:-}" ] || { stint_fail 'the job has no OIDC token' || return 1; }
  case "$STINT_URL" in
    *@* | *[[:space:]]*) stint_fail 'STINT_URL must be an https URL' || return 1 ;;
    https://*) stint_proto=https ;;
    http://127.0.0.1:*) stint_proto=http ;;
    *) stint_fail 'STINT_URL must be an https URL' || return 1 ;;
  esac
  case "$STINT_PROFILE${STINT_JUSTIFICATION:-}${STINT_TICKET:-}${STINT_REQUEST_ID:-}$(printf '%s' "${STINT_PARAMETERS:-}" | tr -d '\n')" in
    *[[:cntrl:]]*) stint_fail 'a value holds a control character' || return 1 ;;
  esac
  if printf '%s\n' "${STINT_PARAMETERS:-}" | grep -v '^$' | grep -qv '^[^=][^=]*='; then
    stint_fail 'parameters takes one name=value a line' || return 1
  fi
  case "${STINT_DURATION:-0}" in
    *[!0-9]*) stint_fail 'the duration is a whole number of seconds' || return 1 ;;
  esac

  # Again where nothing was handed out and a moment may help. Not where the answer was lost: the session may have been made.
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
  [ "$stint_curl" = 0 ] || { stint_fail 'the broker could not be asked' || return 1; }

  if [ "$stint_status" = 202 ]; then
    stint_fail "people have to agree to request $(stint_said requestId) first; run this job again with that request id once they have" || return 1
  fi
  if [ "$stint_status" != 201 ]; then
    stint_fail "$(stint_said title): $(stint_said detail) $(stint_said next)" || :
    stint_fail "HTTP $stint_status, code $(stint_said code), trace $(stint_said trace)" || return 1
  fi
  # Only what it should be is let near eval.
  if printf '%s\n' "$stint_answer" | grep -qv "^export AWS_[A-Z_]*='[^']*'\$"; then
    stint_fail 'the answer is not one of Stint; is the URL right?' || return 1
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
  unset stint_answer stint_status stint_account stint_attempt stint_curl stint_proto
}
