# Ends the session of a CI job when the job is done, if its profile has endOnExit. Needs only POSIX sh and curl.
#
# stint_end reads STINT_URL, the token in STINT_ID_TOKEN and the session in STINT_SESSION, which is empty if there is nothing to end. It
# says what it did, and never fails: the job is done.

stint_end() {
  [ -n "${STINT_SESSION:-}" ] || return 0
  stint_status=000
  case "$STINT_SESSION ${STINT_URL:-}" in
    *[!A-Za-z0-9._]*' '* | *@* | *' '*[[:space:]]*) stint_proto='' ;;
    *' https://'*) stint_proto=https ;;
    *' http://127.0.0.1:'*) stint_proto=http ;;
    *) stint_proto='' ;;
  esac
  if [ -n "$stint_proto" ] && [ -n "${STINT_ID_TOKEN:-}" ]; then
    # As in stint.sh, the token is on standard input. A repeat is not an error, so temporary failures are retried.
    stint_status=$(
      printf 'header = "Authorization: Bearer %s"\n' "$STINT_ID_TOKEN" |
        curl -q --config - --globoff --silent --show-error --max-time 10 --retry 2 --retry-max-time 30 --proto "=$stint_proto" \
          --request DELETE --output /dev/null --write-out '%{http_code}' "${STINT_URL%/}/sessions/$STINT_SESSION?everyEarlierSession=keep"
    ) || :
  fi
  if [ "$stint_status" = 200 ]; then
    printf 'stint: ended the session %s\n' "$STINT_SESSION" >&2
  else
    printf 'stint: the session %s was not ended, so it lasts until it expires (HTTP %s)\n' "$STINT_SESSION" "$stint_status" >&2
  fi
  unset stint_status stint_proto
  return 0
}
