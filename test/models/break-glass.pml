/*
 * A break-glass that two approvers can approve, that is approved by rule after its delay, and that anyone eligible can stop meanwhile.
 *
 * Each atomic step is one read or one send to DynamoDB; the comment beside it names the code. `STEP` lines are replayed through core/request
 * and the ledger's adapters (replay-break-glass.ts); `STATE` lines say what the stored item must then hold.
 *
 * Bounds: one request whose rule needs two approvals; two approvers at once; or one, after the other has approved or not,
 * at once with one of these: the requester under an alias who tries to approve, a person who denies, a person who revokes, or the requester
 * who cancels; one vend, and a sweeper that runs again and again; FAULTS lost or late messages, one of
 * them late at a time; CRASHES crashes, each before any step. Not modelled: freezes, If-Match, escalation and reminders, reviews.
 */
#ifndef FAULTS
#define FAULTS 1
#endif
#ifndef CRASHES
#define CRASHES 1
#endif
#define SENDS 3   /* sender.ts: SENDS */

/* Time: 0 before the delay; 1 after it; 2 a pending request has expired; 3 every window has closed. */
#ifndef LAST
#define LAST 3
#endif
#define DELAY 1
#define EXPIRES 2
#define WINDOW 3

#define A 0  /* approvers */
#define B 1
#define X 2  /* the requester, signed in under an alias */
#define D 3  /* denies */
#define R 4  /* revokes */
#define C 5  /* the requester, who cancels */
#define S 6  /* the sweeper */
#define NOBODY 9

mtype = { none, pending, approved, denied, cancelled, revoked, expired, ended,
  ok, before, after, late, done, blocked, write, unchanged,
  self_approval, already_decided, request_not_pending, ledger_unavailable,
  given, given_approved, unattended, reserved, reading };

/* The item. `approvals`: a bit for each approver. `mine`: whose change that is being written has its events in the journal, a bit each. */
mtype state = pending;
byte version = 1, approvals = 0, mine = 0;
bool isUnattended, isReserved;

byte clock = 0, faults = FAULTS, crashes = CRASHES;
bool stopAnswered;

byte lateWho = NOBODY, lateSeen, lateApprovals;
mtype lateTo = none;
bool lateIsOld; /* its sender has decided again since */

/* Used within one step only. */
hidden mtype fate, event, now_is;
hidden byte written;

#define COUNT(set) ((set & 1) + ((set >> 1) & 1))
#define APPROVES(who) (who <= X)

inline invariants() {
  assert(state != approved || isUnattended || COUNT(approvals) == 2);   /* nothing but two people or the delay approves */
  assert((approvals & 4) == 0);                                         /* no requester approves their own request */
  assert(!stopAnswered || state != approved);                           /* what was stopped stays stopped */
}
inline say_state() {
  printf("STATE %e %d %d %d\n", state, version, approvals, isReserved);
  invariants()
}

/* request.ts: `stateAt` */
inline state_at(now) {
  if
  :: state == pending && now >= EXPIRES -> now_is = expired
  :: state == approved && now >= WINDOW -> now_is = ended
  :: else -> now_is = state
  fi
}

/* request-changes.ts: `write`. A grant is conditional on the version, a withdrawal on the state. */
inline apply_change(who, to, seen, set) {
  event = none; written = false;
  if
  :: (APPROVES(who) || (who == S && to == approved)) && version == seen ->
    assert(state == pending);
    approvals = set; event = (who == S -> unattended : (to == approved -> given_approved : given));
    if :: who == S -> isUnattended = true; assert(clock >= DELAY) :: else fi;
    state = to; written = true
  :: (who == D || who == C || (who == S && to == expired)) && state == pending -> state = to; event = to; written = true
  :: who == R && (state == pending || state == approved) -> state = to; event = to; written = true
  :: who == S && to == ended && state == approved -> state = to; event = to; written = true
  :: else
  fi;
  if :: written -> version++; mine = mine | (1 << who) :: else fi
}

/* What the caller decides on what was read: `to`, or `code` if nothing is to be written. */
inline decide(who, now) {
  code = write; to = none;
  state_at(now);
  if
  :: who == X -> code = self_approval                                   /* machine.ts: `decisionBarrier` */
  :: who == A || who == B ->                                            /* machine.ts: `approve` */
    if
    :: (approvals & (1 << who)) && (now_is == pending || now_is == approved) -> code = unchanged
    :: !(approvals & (1 << who)) && (now_is == approved || now_is == denied) -> code = already_decided
    :: (approvals & (1 << who)) && now_is == denied -> code = already_decided
    :: now_is != pending && now_is != approved && now_is != denied -> code = request_not_pending
    :: else -> set = approvals | (1 << who); to = (COUNT(set) == 2 -> approved : pending)
    fi
  :: who == D ->                                                        /* machine.ts: `deny` */
    if
    :: now_is == denied -> code = unchanged
    :: now_is == approved -> code = already_decided
    :: now_is == pending -> to = denied
    :: else -> code = request_not_pending
    fi
  :: who == R ->                                                        /* machine.ts: `revoke` */
    if
    :: now_is == revoked -> code = unchanged
    :: now_is == pending || now_is == approved -> to = revoked
    :: else -> code = request_not_pending
    fi
  :: who == C ->                                                        /* machine.ts: `cancel` */
    if
    :: now_is == cancelled -> code = unchanged
    :: now_is == pending -> to = cancelled
    :: else -> code = request_not_pending
    fi
  :: who == S ->                                                        /* due.ts: `passTime` */
    set = approvals;
    if
    :: state == pending && now >= EXPIRES -> to = expired
    :: state == pending && now < EXPIRES -> to = approved
    :: else -> to = ended
    fi
  fi
}
inline forget() { sent = 0; seen = 0; set = 0; to = none; code = none; now = 0 }

/* One call of `change`, or one run of the sweeper for this request. */
proctype Actor(byte who) {
  byte now = 0, sent = 0, seen = 0, set = 0;
  mtype to = none, code = none;
end_start:
  if
  :: atomic {
      /* The sweeper finds what is due in its index. */
      who != S || (state == pending && clock >= DELAY) || (state == approved && clock >= WINDOW) ->
      now = clock; printf("STEP %d start ok\n", who)
    }
  :: atomic { crashes > 0 && who != S -> crashes--; goto stop }
  fi;
read: /* request-changes.ts: `change`; passing-time.ts: `passTime` */
  if
  :: atomic {
      if
      :: who == S && !((state == pending && now >= DELAY) || (state == approved && now >= WINDOW)) -> forget(); printf("STEP %d skip ok\n", who); goto end_start
      :: else
      fi;
      mine = mine & ~(1 << who);
      if :: lateWho == who -> lateIsOld = true :: else fi;
      decide(who, now); seen = version; sent = 0;
      assert(to != approved || now < EXPIRES);   /* an expired request is not approved */
      printf("STEP %d read %e\n", who, code);
      say_state();
      if :: code == write -> goto write_it :: else -> goto end fi
    }
  :: atomic { crashes > 0 -> crashes--; printf("STEP %d crash ok\n", who); forget(); if :: who == S -> goto end_start :: else -> goto stop fi }
  fi;
write_it: /* request-changes.ts: `write` */
  if
  :: atomic {
      if
      :: fate = ok
      :: faults > 0 -> faults--; fate = before
      :: faults > 0 -> faults--; fate = after
      :: faults > 0 && lateWho == NOBODY -> faults--; fate = late; lateWho = who; lateSeen = seen; lateApprovals = set; lateTo = to; lateIsOld = false
      fi;
      written = false; event = none;
      if :: fate == ok || fate == after -> apply_change(who, to, seen, set) :: else fi;
      printf("STEP %d write %e %e %e\n", who, fate, (written -> done : blocked), event);
      say_state();
      if
      :: fate == ok && (written || (mine & (1 << who))) ->
        code = done;
        if :: who == D || who == R || who == C -> stopAnswered = true :: else fi;
        goto end
      :: fate == ok && !(written || (mine & (1 << who))) ->
        if :: who == S -> code = done; goto end :: else -> goto read fi
      :: fate != ok && sent + 1 < SENDS -> sent++; goto write_it
      :: fate != ok && sent + 1 >= SENDS -> code = ledger_unavailable; goto end
      fi
    }
  :: atomic { crashes > 0 -> crashes--; printf("STEP %d crash ok\n", who); forget(); if :: who == S -> goto end_start :: else -> goto stop fi }
  fi;
end:
  atomic {
    printf("ANSWER %d %e\n", who, code);
    mine = mine & ~(1 << who);
    if :: lateWho == who -> lateIsOld = true :: else fi;
    forget();
    if :: who == S -> goto end_start :: else fi
  }
stop:
  skip
}

/* reserve.ts: one call that names the request. */
proctype Vend() {
  atomic {
    written = (state == approved && clock < WINDOW);
    if
    :: written -> assert(!stopAnswered && state == approved && clock < WINDOW); isReserved = true; version++; event = reserved
    :: else -> event = none
    fi;
    printf("STEP 7 reserve ok %e %e\n", (written -> done : blocked), event);
    say_state()
  }
}

/* A message that was given up and arrives after all. */
proctype Network() {
end_idle:
  do
  :: atomic {
      lateWho != NOBODY ->
      apply_change(lateWho, lateTo, lateSeen, lateApprovals);
      if :: lateIsOld -> mine = mine & ~(1 << lateWho) :: else fi;
      printf("STEP 8 arrive ok %e %e\n", (written -> done : blocked), event);
      say_state();
      lateWho = NOBODY; lateSeen = 0; lateApprovals = 0; lateTo = none; lateIsOld = false
    }
  od
}

proctype Clock() {
  do
  :: atomic { clock < LAST -> clock++; printf("STEP 9 tick ok\n") }
  :: clock == LAST -> break
  od
}

/* The other approver has approved before the rest begins. */
inline already_approved() {
  printf("STEP 1 start ok\nSTEP 1 read write\n");
  approvals = 2; version = 2;
  printf("STEP 1 write ok done given\n");
  say_state();
  printf("ANSWER 1 done\n")
}

init {
  atomic {
    if
    :: run Actor(B)
    :: { if :: run Actor(X) :: run Actor(D) :: run Actor(R) :: run Actor(C) fi }; already_approved()
    :: run Actor(D)
    fi;
    run Actor(A); run Actor(S); run Vend(); run Network(); run Clock()
  }
}

/* A request does not wait for ever. */
ltl decided { <>[] (state != pending && state != approved) }
