/*
 * The ledger: reserve, assume, record, fail, drop, revoke, abandon, upon one approved request.
 *
 * Each atomic step is one send to DynamoDB or STS, or one read. The comment beside it names the code. `STEP` lines are replayed through that
 * code (replay-ledger.ts); `STATE` lines say what the stored item must then hold.
 *
 * Bounds: two calls at once, with a session each or (-DSAME) with the same Idempotency-Key and so the same session; one use, or USES; two attempts
 * left of those that are allowed; one revoke; one sweeper that runs again and again; FAULTS lost or late messages; CRASHES crashes, each
 * before any step of any call or of the sweeper. One late message is under way at a time. Not modelled: freezes, limits
 * of the container protocol, lost answers to reads.
 */
#define VENDS 2
#ifndef FAULTS
#define FAULTS 2
#endif
#ifndef CRASHES
#define CRASHES 1
#endif
/* With -DRECORD_FAULTS, only record and fail meet faults, so that simulations come to them often. */
#ifdef RECORD_FAULTS
#define MAY_FAIL(write) (write == recording || write == failing)
#else
#define MAY_FAIL(write) true
#endif
#define SENDS 3          /* sender.ts: SENDS */
#ifndef USES
#define USES 1
#endif
#define MAX_ATTEMPTS 21  /* one use and SPARE_ATTEMPTS of core/request/session.ts */
#define NOBODY 9
#ifdef SAME
#define SLOT(v) (0 * v)
#else
#define SLOT(v) (v)
#endif
#define SLOTS 2

/*
 * Time: 0 the request is approved; 1 reservations of 0 are older than 90 s; 2 sessions of 0 and 1 have ended; 3 the window has closed, and
 * sessions of 2 have not ended.
 */
#ifndef LAST
#define LAST 3
#endif
#define WINDOW 3
#define ENDED(from, now) (now >= 2 && from < 2)
#define OLD(from, now) (from < now)

mtype = { none, approved, revoked, reserved, issued, failed, abandoned, dropped,
  ok, before, after, late, done, blocked, refused, unknown, invalid, reserving, recording, failing, abandoning, revoking,
  request_ended, already_issued, in_progress, request_exhausted, ledger_unavailable, sts_timeout, sts_throttled, sts_answer_invalid,
  revoked_in_flight };

/* The item. `open`: openSession, as the number of the session plus one; 0: the item is not in the index of open reservations. */
mtype state = approved;
byte usesLeft = USES, attempts = 19, open = 0;
mtype session[SLOTS] = none;
byte attempt[SLOTS] = NOBODY, reservedAt[SLOTS];
bool isDropped[SLOTS];
byte first = 0;         /* which session was reserved first: the item holds them in this order */
#define AT(i) ((first + i) % SLOTS)

byte clock = 0, faults = FAULTS, crashes = CRASHES;
bool looking, changed;  /* the sweeper has read the item to clear its index; its version has changed since */

/* What the properties are about. */
bool revokeAnswered, assumed[VENDS];
byte left = 0;          /* how many credentials left Stint */

/* A write that was sent and arrives later, with the values it was sent with. */
mtype lateWrite = none, lateState = none;
byte lateWho, lateNow;
bool lateAlone;

byte callNow[VENDS];    /* Call.now */
/* Used within one step only. */
hidden mtype fate, event;
hidden byte written;

#define OPEN ((session[0] == reserved) + (session[1] == reserved))
#define ISSUED ((session[0] == issued) + (session[1] == issued))

inline invariants() {
  assert(usesLeft + OPEN + ISSUED == USES);   /* no use is lost, and none is taken or returned twice */
  assert(attempts <= MAX_ATTEMPTS);
  assert(left <= USES);
  assert(OPEN == 0 || open != 0);             /* the sweeper finds every open reservation */
}
inline say_state() {
  printf("STATE %e %d %d %d %e/%d/%d %e/%d/%d\n", state, usesLeft, attempts, open, session[0], attempt[0], isDropped[0], session[1], attempt[1], isDropped[1]);
  invariants()
}

/* What the network does to one send. sender.ts counts all but `ok` as no answer. */
inline network(write, who, alone, now) {
  if
  :: fate = ok
  :: faults > 0 && MAY_FAIL(write) -> faults--; fate = before
  :: faults > 0 && MAY_FAIL(write) -> faults--; fate = after
  :: faults > 0 && MAY_FAIL(write) && lateWrite == none -> faults--; fate = late; lateWrite = write; lateWho = who; lateNow = now; lateAlone = alone
  fi
}

/* reserve.ts: `stillGood` and `reserveUpdate`. */
inline apply_reserve(v, now) {
  event = none;
  if
  :: session[SLOT(v)] == none && state == approved && now < WINDOW && usesLeft > 0 && attempts < MAX_ATTEMPTS ->
    assert(!revokeAnswered && now < WINDOW);
    if :: session[(SLOT(v) + 1) % SLOTS] == none -> first = SLOT(v) :: else fi;
    session[SLOT(v)] = reserved; attempt[SLOT(v)] = v; reservedAt[SLOT(v)] = callNow[v];
    usesLeft--; attempts++; open = SLOT(v) + 1; changed = looking; written = true; event = reserved
  :: else -> written = false
  fi
}
/* sessions.ts: `record`; `alone` as in `close`. */
inline apply_record(v, now, alone) {
  event = none;
  if
  :: session[SLOT(v)] == reserved && attempt[SLOT(v)] == v && state == approved && !ENDED(reservedAt[SLOT(v)], now) && now < WINDOW && (!alone || open == SLOT(v) + 1) ->
    assert(session[SLOT(v)] == reserved && attempt[SLOT(v)] == v);
    assert(!revokeAnswered && now < WINDOW && !ENDED(reservedAt[SLOT(v)], now));
    session[SLOT(v)] = issued; reservedAt[SLOT(v)] = 0; changed = looking; written = true; event = issued;
    if :: alone -> open = 0 :: else fi
  :: else -> written = false
  fi
}
/* sessions.ts: `fail`. */
inline apply_fail(v, alone) {
  event = none;
  if
  :: session[SLOT(v)] == reserved && attempt[SLOT(v)] == v && (!alone || open == SLOT(v) + 1) ->
    session[SLOT(v)] = failed; reservedAt[SLOT(v)] = 0; usesLeft++; changed = looking; written = true; event = failed;
    if :: alone -> open = 0 :: else fi
  :: else -> written = false
  fi
}
/* sessions.ts: `drop`. */
inline apply_drop(v) {
  event = none;
  if
  :: session[SLOT(v)] == reserved && attempt[SLOT(v)] == v && !isDropped[SLOT(v)] ->
    isDropped[SLOT(v)] = true; changed = looking; written = true; event = dropped
  :: else -> written = false
  fi
}
/* sessions.ts: `abandonOne`. */
inline apply_abandon(k, seen) {
  event = none;
  if
  :: session[k] == reserved && attempt[k] == seen ->
    session[k] = abandoned; reservedAt[k] = 0; usesLeft++; changed = looking; written = true; event = abandoned
  :: else -> written = false
  fi
}
/* request-changes.ts: `write`, with `from` of machine.ts `closeRequest`. */
inline apply_revoke() {
  event = none;
  if
  :: state == approved -> state = revoked; changed = looking; written = true; event = revoked
  :: else -> written = false
  fi
}

/* reserve.ts: `reasonToRefuse`. */
inline reason(v) {
  if
  :: state != approved || clock >= WINDOW -> code = request_ended
  :: else ->
    if
    :: session[SLOT(v)] == issued -> code = already_issued
    :: session[SLOT(v)] == reserved -> code = in_progress
    :: else -> code = request_exhausted
    fi
  fi
}

/* What no later step depends on must not make states differ. */
inline forget(v) {
  sent = 0; sentAt = 0; alone = false; alone_now = false; code = none; assumed[v] = false;
  if :: lateWrite == reserving && lateWho == v -> skip :: else -> callNow[v] = 0 fi
}
inline forget_sweep() {
  sent = 0; k = 0; seenOpen = 0; seen[0] = 0; seen[1] = 0; looking = false; changed = false
}

proctype Vend(byte v) {
  byte sent = 0, sentAt = 0;  /* sends of this write; the time in its condition, which is when it was sent and not when it arrives */
  bool alone = false, alone_now = false;
  mtype code = none;    /* what the caller is answered */

  atomic { callNow[v] = clock; sentAt = clock; printf("STEP v%d start ok\n", v) }

reserve: /* reserve.ts: `reserve` */
  if
  :: atomic {
      network(reserving, v, false, sentAt);
      if :: fate == ok || fate == after -> apply_reserve(v, sentAt) :: else -> written = false; event = none fi;
      printf("STEP v%d reserve %e %e %e\n", v, fate, (written -> done : blocked), event);
      say_state();
      if
      :: fate == ok && (written || (session[SLOT(v)] == reserved && attempt[SLOT(v)] == v && state == approved)) ->
        alone = (OPEN == 1); sent = 0; sentAt = 0;
        if :: lateWrite == reserving && lateWho == v -> skip :: else -> callNow[v] = 0 fi;
        goto assume
      :: fate == ok && !(written || (session[SLOT(v)] == reserved && attempt[SLOT(v)] == v && state == approved)) ->
        reason(v); goto end
      :: fate != ok && sent + 1 < SENDS -> sent++; sentAt = clock; goto reserve
      :: fate != ok && sent + 1 >= SENDS -> code = ledger_unavailable; goto end
      fi
    }
  :: atomic { crashes > 0 -> crashes--; printf("STEP v%d crash ok\n", v); forget(v); goto stop }
  fi;

assume: /* vend.ts: `broker.sts.assumeRole` */
  if
  :: atomic {
      assert(attempt[SLOT(v)] == v && session[SLOT(v)] != none);   /* the intent is stored */
      if
      :: fate = ok; assumed[v] = true
      :: fate = refused
      :: fate = unknown; code = sts_timeout
      :: fate = invalid
      fi;
      printf("STEP v%d assume %e\n", v, fate);
      say_state();
      alone_now = alone;
      sentAt = 0;
      if
      :: fate == ok -> sentAt = clock; goto record
      :: fate == refused -> code = sts_throttled; goto fail
      :: fate == unknown -> goto end
      :: fate == invalid -> goto drop
      fi
    }
  :: atomic { crashes > 0 -> crashes--; printf("STEP v%d crash ok\n", v); forget(v); goto stop }
  fi;

record: /* sessions.ts: `record` through `close` */
  if
  :: atomic {
      network(recording, v, alone_now, sentAt);
      if :: fate == ok || fate == after -> apply_record(v, sentAt, alone_now) :: else -> written = false; event = none fi;
      printf("STEP v%d record %e %e %e\n", v, fate, (written -> done : blocked), event);
      say_state();
      if
      :: fate == ok && (written || (session[SLOT(v)] == issued && attempt[SLOT(v)] == v && state == approved)) ->
        /* vend.ts: the credentials leave. */
        assert(assumed[v] && session[SLOT(v)] == issued && attempt[SLOT(v)] == v);
        left++; code = done; goto end
      :: fate == ok && !(written || (session[SLOT(v)] == issued && attempt[SLOT(v)] == v && state == approved)) ->
        if
        :: alone_now && open != SLOT(v) + 1 -> alone_now = false; sent = 0; sentAt = clock; goto record
        :: else -> code = revoked_in_flight; alone_now = alone; sent = 0; sentAt = 0; goto fail
        fi
      :: fate != ok && sent + 1 < SENDS -> sent++; sentAt = clock; goto record
      :: fate != ok && sent + 1 >= SENDS -> code = ledger_unavailable; goto end
      fi
    }
  :: atomic { crashes > 0 -> crashes--; printf("STEP v%d crash ok\n", v); forget(v); goto stop }
  fi;

fail: /* sessions.ts: `fail` through `close`. What it answers changes nothing for the caller. */
  if
  :: atomic {
      network(failing, v, alone_now, 0);
      if :: fate == ok || fate == after -> apply_fail(v, alone_now) :: else -> written = false; event = none fi;
      printf("STEP v%d fail %e %e %e\n", v, fate, (written -> done : blocked), event);
      say_state();
      if
      :: fate == ok && !written && !(session[SLOT(v)] == failed && attempt[SLOT(v)] == v) && alone_now && open != SLOT(v) + 1 ->
        alone_now = false; sent = 0; goto fail
      :: fate == ok && !(!written && !(session[SLOT(v)] == failed && attempt[SLOT(v)] == v) && alone_now && open != SLOT(v) + 1) -> goto end
      :: fate != ok && sent + 1 < SENDS -> sent++; goto fail
      :: fate != ok && sent + 1 >= SENDS -> goto end
      fi
    }
  :: atomic { crashes > 0 -> crashes--; printf("STEP v%d crash ok\n", v); forget(v); goto stop }
  fi;

drop: /* sessions.ts: `drop` */
  if
  :: atomic {
      if :: fate = ok :: faults > 0 -> faults--; fate = before :: faults > 0 -> faults--; fate = after fi;
      if :: fate == ok || fate == after -> apply_drop(v) :: else -> written = false; event = none fi;
      printf("STEP v%d drop %e %e %e\n", v, fate, (written -> done : blocked), event);
      say_state();
      code = sts_answer_invalid;
      if
      :: fate == ok -> goto end
      :: fate != ok && sent + 1 < SENDS -> sent++; goto drop
      :: fate != ok && sent + 1 >= SENDS -> goto end
      fi
    }
  :: atomic { crashes > 0 -> crashes--; printf("STEP v%d crash ok\n", v); forget(v); goto stop }
  fi;

end:
  atomic {
    printf("ANSWER v%d %e\n", v, code);
    forget(v)
  }
stop:
  skip
}

proctype Revoke() {
  byte sent = 0;
  /* request-changes.ts: `change` reads, and machine.ts decides. */
  atomic {
    printf("STEP r read %e\n", (clock < WINDOW -> ok : refused));
    if :: clock >= WINDOW -> goto stop :: else fi
  }
write: /* request-changes.ts: `write` */
  if
  :: atomic {
      network(revoking, 0, false, 0);
      if :: fate == ok || fate == after -> apply_revoke() :: else -> written = false; event = none fi;
      printf("STEP r revoke %e %e %e\n", fate, (written -> done : blocked), event);
      say_state();
      if
      :: fate == ok -> revokeAnswered = true; sent = 0; goto stop
      :: fate != ok && sent + 1 < SENDS -> sent++; goto write
      :: fate != ok && sent + 1 >= SENDS -> sent = 0; goto stop
      fi
    }
  :: atomic { crashes > 0 -> crashes--; printf("STEP r crash ok\n"); sent = 0; goto stop }
  fi;
stop:
  skip
}

/* abandon.ts: `abandonIn`, for as long as the item is in the index of open reservations. */
proctype Sweeper() {
  byte sent = 0, k = 0, seenOpen = 0;
  byte seen[SLOTS];
end_idle:
  do
  :: atomic {
      open != 0 && (OPEN == 0 || (session[0] == reserved && OLD(reservedAt[0], clock)) || (session[1] == reserved && OLD(reservedAt[1], clock))) ->
      seen[0] = (session[0] == reserved && OLD(reservedAt[0], clock) -> attempt[0] : NOBODY);
      seen[1] = (session[1] == reserved && OLD(reservedAt[1], clock) -> attempt[1] : NOBODY);
      k = 0; sent = 0;
      printf("STEP s read ok\n");
    }
    do
    :: atomic { k < SLOTS && seen[AT(k)] == NOBODY -> k++ }
    :: atomic {
        k < SLOTS && seen[AT(k)] != NOBODY ->
        if
        :: fate = ok
        :: faults > 0 -> faults--; fate = before
        :: faults > 0 -> faults--; fate = after
        :: faults > 0 && lateWrite == none -> faults--; fate = late; lateWrite = abandoning; lateWho = AT(k); lateNow = seen[AT(k)]
        fi;
        if :: fate == ok || fate == after -> apply_abandon(AT(k), seen[AT(k)]) :: else -> written = false; event = none fi;
        printf("STEP s abandon %e %e %e %d\n", fate, (written -> done : blocked), event, AT(k));
        say_state();
        if
        :: fate == ok -> k++; sent = 0
        :: fate != ok && sent + 1 < SENDS -> sent++
        :: fate != ok && sent + 1 >= SENDS -> forget_sweep(); goto end_idle
        fi
      }
    :: atomic {
        k == SLOTS -> seenOpen = (OPEN == 0 -> open : 0); changed = false; looking = (seenOpen != 0); sent = 0; k = 0; seen[0] = 0; seen[1] = 0;
        printf("STEP s look ok %d\n", seenOpen);
        break
      }
    :: atomic { crashes > 0 -> crashes--; printf("STEP s crash ok\n"); forget_sweep(); goto end_idle }
    od;
    do
    :: atomic { seenOpen == 0 -> looking = false; changed = false; break }
    :: atomic { /* abandon.ts: `clearOpen` */
        seenOpen != 0 ->
        if :: fate = ok :: faults > 0 -> faults--; fate = before :: faults > 0 -> faults--; fate = after fi;
        written = false;
        if
        :: (fate == ok || fate == after) && open == seenOpen && !changed -> open = 0; written = true
        :: else
        fi;
        printf("STEP s clear %e %e none\n", fate, (written -> done : blocked));
        say_state();
        if
        :: fate == ok -> seenOpen = 0; sent = 0
        :: fate != ok && sent + 1 < SENDS -> sent++
        :: fate != ok && sent + 1 >= SENDS -> seenOpen = 0; sent = 0
        fi
      }
    :: atomic { crashes > 0 && seenOpen != 0 -> crashes--; printf("STEP s crash ok\n"); forget_sweep(); goto end_idle }
    od
  od
}

/* A message that was given up and arrives after all. */
proctype Network() {
end_idle:
  do
  :: atomic {
      lateWrite != none ->
      if
      :: lateWrite == reserving -> apply_reserve(lateWho, lateNow)
      :: lateWrite == recording -> apply_record(lateWho, lateNow, lateAlone)
      :: lateWrite == failing -> apply_fail(lateWho, lateAlone)
      :: lateWrite == abandoning -> apply_abandon(lateWho, lateNow)
      :: lateWrite == revoking -> apply_revoke()
      fi;
      printf("STEP n %e ok %e %e\n", lateWrite, (written -> done : blocked), event);
      say_state();
      lateWrite = none; lateWho = 0; lateNow = 0; lateAlone = false
    }
  od
}

proctype Clock() {
  do
  :: atomic { clock < LAST -> clock++; printf("STEP c tick ok\n") }
  :: clock == LAST -> break
  od
}

init {
  atomic {
    byte i;
    for (i : 0 .. VENDS - 1) { run Vend(i) }
    run Revoke(); run Sweeper(); run Network(); run Clock()
  }
}

/* A reservation never stays reserved for ever. */
ltl returned { []<> (session[0] != reserved && session[1] != reserved) }
