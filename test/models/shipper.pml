/*
 * The shipper: stage, compare-and-swap of the head, apply, sign, publish, advance the cursor.
 *
 * Each atomic step is one call of a store, of the state or of the signer; the comment beside it names the code (packages/broker/src/log).
 *
 * Bounds: two shippers at once, of one journal of two events: shipper 0 has an older image with one event, shipper 1 all of it. Each starts
 * again until it is done, as the stream sends a batch again. FAULTS calls that fail before or after they took effect, or, for the
 * compare-and-swap, take effect later; CRASHES crashes, before any step, with all memory lost. Tiles and events of a batch are one step each.
 * Not modelled: MAX_STAGED, look-up rows, witnesses, erasure, the hourly removal of stages.
 */
#ifndef FAULTS
#define FAULTS 2
#endif
#ifndef CRASHES
#define CRASHES 2
#endif
/* With -DAPPLY_FAULTS, -DCURSOR_FAULTS or -DREMOVE_FAULTS, only later steps meet faults, so that simulations come to them often. */
#ifdef APPLY_FAULTS
#define MAY_FAIL (!headApplied)
#elif defined(CURSOR_FAULTS)
#define MAY_FAIL (checkpoint == headSize && checkpoint > 0)
#elif defined(REMOVE_FAULTS)
#define MAY_FAIL (headApplied && headSize > 0)
#else
#define MAY_FAIL true
#endif
#define EVENTS 2
#define NOTHING 99

/* A stage is named by a number that is never used again; `base` and `end` are the log before and after it. */
#define STAGES 8
mtype = { reading, recovering, comparing, staging, moving, discarding, tiling, bundling, signing, publishing, advancing, applying, removing, crashing, arriving };
byte base[STAGES], end[STAGES];
bool exists[STAGES];
byte stages = 0;

/* The head: size, the stage that it names, and whether that has been applied. */
byte headSize = 0, headStage = NOTHING;
bool headApplied = true;
byte tiles = 0, events = 0, checkpoint = 0, cursor = 0;
bool isSigned[3];

byte faults = FAULTS, crashes = CRASHES;
byte lateStage = NOTHING, lateFrom;
hidden byte fate;      /* 0 works, 1 fails before, 2 fails after, 3 late */
#define OK 0
#define BEFORE 1
#define AFTER 2
#define LATE 3

inline invariants() {
  assert(checkpoint <= tiles && checkpoint <= events);     /* what is published can be read */
  assert(cursor <= checkpoint);                            /* a cursor says what the published log has */
  assert(headApplied || exists[headStage]);                /* recovery finds the stage */
  assert(!headApplied || checkpoint == headSize);          /* what counts as applied is published */
  assert(headSize <= EVENTS)
}
inline network() {
  if :: fate = OK :: faults > 0 && MAY_FAIL -> faults--; fate = BEFORE :: faults > 0 && MAY_FAIL -> faults--; fate = AFTER fi
}
/* log-state.ts: `move`: the condition is the stage of the previous head, and that it has been applied. */
inline move(from, stage) {
  moved = false;
  if
  :: headStage == from && headApplied ->
    assert(base[stage] == headSize);                       /* no event is shipped twice, and none is left out */
    assert(base[stage] == cursor);
    headStage = stage; headSize = end[stage]; headApplied = false; moved = true
  :: headStage == stage -> moved = true
  :: else
  fi
}
/* Replayed by replay-shipper.ts: the step and what became of its message, then the state. */
inline say(step) {
  printf("STEP s%d %e %d\n", image, step, fate);
  say_state()
}
inline say_state() {
  printf("STATE %d %d %d %d %d %d %d %d%d%d%d%d%d%d%d\n", headSize, headStage, headApplied, tiles, events, checkpoint, cursor,
    exists[0], exists[1], exists[2], exists[3], exists[4], exists[5], exists[6], exists[7])
}
inline forget() { from = 0; size = 0; at = 0; stage = 0; seen = 0; isRecovery = false }

proctype Shipper(byte image) {
  byte from = 0, size = 0, at = 0, stage = 0, seen = 0;
  bool isRecovery = false;
  byte moved;
again:
  if
  :: atomic { /* ship.ts: `state.head()` */
      from = headStage; size = headSize; at = 0; seen = 0; fate = OK; say(reading);
      if
      :: !headApplied -> isRecovery = true; stage = headStage; goto recover
      :: else -> isRecovery = false; goto cursors
      fi
    }
  :: atomic { crashes > 0 -> crashes--; fate = OK; say(crashing); forget(); goto again }
  fi;
recover: /* ship.ts: `recover` */
  if
  :: atomic {
      fate = OK; say(recovering);
      if
      :: exists[stage] -> goto write_tiles
      :: else -> assert(headStage != stage || headApplied); forget(); goto again
      fi
    }
  :: atomic { crashes > 0 -> crashes--; fate = OK; say(crashing); forget(); goto again }
  fi;
cursors: /* ship.ts: `state.cursors`, stage.ts: `beyond` */
  atomic {
    at = cursor;
    fate = OK; say(comparing);
    if :: at >= image -> forget(); goto done :: else fi
  };
create: /* ship.ts: `events.create(stagePath(…))` */
  if
  :: atomic {
      network();
      if
      :: fate != BEFORE && stages < STAGES -> stage = stages; stages++; base[stage] = size; end[stage] = size + image - at; exists[stage] = true
      :: else
      fi;
      say(staging);
      if :: fate == OK && stages <= STAGES -> skip :: else -> forget(); goto again fi
    }
  :: atomic { crashes > 0 -> crashes--; fate = OK; say(crashing); forget(); goto again }
  fi;
move_head: /* ship.ts: `state.move` */
  if
  :: atomic {
      if
      :: network()
      :: faults > 0 && lateStage == NOTHING -> faults--; fate = LATE; lateStage = stage; lateFrom = from
      fi;
      if :: fate == OK || fate == AFTER -> move(from, stage) :: else fi;
      invariants(); say(moving);
      if
      :: fate == OK && moved -> goto write_tiles
      :: fate == OK && !moved -> goto remove_own
      :: else -> forget(); goto again
      fi
    }
  :: atomic { crashes > 0 -> crashes--; fate = OK; say(crashing); forget(); goto again }
  fi;
remove_own: /* ship.ts: another shipper was faster */
  atomic { network(); if :: fate != BEFORE -> exists[stage] = false :: else fi; invariants(); say(discarding); forget(); goto again };
write_tiles: /* publish.ts: `writeTiles` */
  if
  :: atomic {
      network();
      if :: fate != BEFORE && tiles < end[stage] -> tiles = end[stage] :: else fi;
      say(tiling);
      if :: fate == OK -> skip :: else -> forget(); goto again fi
    }
  :: atomic { crashes > 0 -> crashes--; fate = OK; say(crashing); forget(); goto again }
  fi;
write_events: /* publish.ts: `writeEvents` */
  if
  :: atomic {
      network();
      if :: fate != BEFORE && events < end[stage] -> events = end[stage] :: else fi;
      seen = checkpoint; say(bundling);
      if :: fate == OK -> skip :: else -> forget(); goto again fi
    }
  :: atomic { crashes > 0 -> crashes--; fate = OK; say(crashing); forget(); goto again }
  fi;
sign: /* publish.ts: `publishCheckpoint`, `signed` */
  if
  :: atomic { seen >= end[stage] -> goto advance }
  :: atomic {
      seen < end[stage] ->
      network();
      assert(tiles >= end[stage] && events >= end[stage]);
      if :: fate != BEFORE -> isSigned[end[stage]] = true :: else fi;
      say(signing);
      if :: fate == OK -> skip :: else -> forget(); goto again fi
    }
  :: atomic { crashes > 0 -> crashes--; fate = OK; say(crashing); forget(); goto again }
  fi;
publish: /* publish.ts: `log.replace(CHECKPOINT, …)`: the condition is the ETag that was read */
  if
  :: atomic {
      network();
      if
      :: fate != BEFORE && checkpoint == seen ->
        assert(end[stage] > checkpoint && isSigned[end[stage]]);   /* the log never moves back */
        checkpoint = end[stage]; moved = true
      :: else -> moved = false
      fi;
      invariants(); say(publishing);
      if
      :: fate == OK && moved -> goto advance
      :: fate == OK && !moved ->                                    /* it is read again; it is signed once */
        seen = checkpoint;
        if :: seen >= end[stage] -> goto advance :: else -> goto publish fi
      :: else -> forget(); goto again
      fi
    }
  :: atomic { crashes > 0 -> crashes--; fate = OK; say(crashing); forget(); goto again }
  fi;
advance: /* ship.ts: `advanceCursors`; log-state.ts: `advance`, conditional on the count before */
  if
  :: atomic {
      network();
      if :: fate != BEFORE && cursor == base[stage] -> cursor = end[stage] :: else fi;
      invariants(); say(advancing);
      if :: fate == OK -> skip :: else -> forget(); goto again fi
    }
  :: atomic { crashes > 0 -> crashes--; fate = OK; say(crashing); forget(); goto again }
  fi;
applied: /* log-state.ts: `applied`, conditional on the stage */
  if
  :: atomic {
      network();
      if :: fate != BEFORE && headStage == stage -> headApplied = true :: else fi;
      invariants(); say(applying);
      if :: fate == OK -> skip :: else -> forget(); goto again fi
    }
  :: atomic { crashes > 0 -> crashes--; fate = OK; say(crashing); forget(); goto again }
  fi;
remove: /* ship.ts: `events.remove`, which may fail */
  if
  :: atomic {
      network();
      if :: fate != BEFORE -> exists[stage] = false :: else fi;
      invariants(); say(removing);
      if
      :: isRecovery -> from = stage; size = end[stage]; stage = 0; seen = 0; isRecovery = false; goto cursors   /* the head that it has applied */
      :: else -> forget(); goto again
      fi
    }
  :: atomic { crashes > 0 -> crashes--; fate = OK; say(crashing); forget(); goto again }
  fi;
done:
  skip
}

/* A compare-and-swap that was given up and arrives after all. */
proctype Network() {
  byte moved;
end_idle:
  do
  :: atomic { lateStage != NOTHING -> move(lateFrom, lateStage); invariants(); printf("STEP n arriving 0\n"); say_state(); lateStage = NOTHING; lateFrom = 0 }
  od
}

init { atomic { run Shipper(1); run Shipper(2); run Network() } }

/* Both events are published, and what was staged is applied. */
ltl published { <>[] (checkpoint == EVENTS && headApplied) }
